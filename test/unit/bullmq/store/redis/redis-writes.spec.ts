import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { batchWrites } from '../../../../../lib/bullmq/store/redis/redis-writes.js';

/** A client on a connection that records the data of each system write. */
function connectedClient() {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      writes.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  const client = Object.assign(new EventEmitter(), { stream });
  batchWrites(client as unknown as Pick<Redis, 'on' | 'stream'>);
  client.emit('connect');
  return { stream, writes };
}

describe('a Redis client', () => {
  it('sends the commands of one tick together, in order', async () => {
    const { stream, writes } = connectedClient();
    for (const command of ['one ', 'two ', 'three ']) stream.write(command);
    await turn();
    expect(writes).toEqual(['one two three ']);
  });

  it('does not delay later commands', async () => {
    const { stream, writes } = connectedClient();
    for (const command of ['one', 'two']) {
      stream.write(command);
      await turn();
    }
    expect(writes).toEqual(['one', 'two']);
  });

  it('does not fail if the connection has ended by then', async () => {
    const { stream, writes } = connectedClient();
    stream.write('one');
    stream.destroy();
    await turn();
    expect(writes).toEqual([]);
  });
});
