import type { Redis } from 'ioredis';
import type { Writable } from 'node:stream';

/** Sends the commands of one tick in a single write: a busy worker spends most of its time on writes. */
export function batchWrites(client: Pick<Redis, 'on' | 'stream'>): void {
  client.on('connect', () => corkEachTick(client.stream));
}

function corkEachTick(stream: Writable): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  let isCorked = false;
  const uncork = () => {
    isCorked = false;
    stream.uncork();
  };
  const writeCorked = (...given: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(...given);
  };
  stream.write = writeCorked as typeof stream.write;
}
