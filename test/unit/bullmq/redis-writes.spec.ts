import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { writeTogether } from '../../../lib/bullmq/redis-writes.js';

/** A client on a connection that keeps what each write to the system held. */
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
  writeTogether(client as unknown as Pick<Redis, 'on' | 'stream'>);
  client.emit('connect');
  return { stream, writes };
}

describe('a client of Redis', () => {
  it('sends what is asked at the same moment together, in order', async () => {
    const { stream, writes } = connectedClient();
    for (const command of ['one ', 'two ', 'three ']) stream.write(command);
    await turn();
    expect(writes).toEqual(['one two three ']);
  });

  it('does not keep back what is asked later', async () => {
    const { stream, writes } = connectedClient();
    for (const command of ['one', 'two']) {
      stream.write(command);
      await turn();
    }
    expect(writes).toEqual(['one', 'two']);
  });

  it('does not fail when the connection is gone by then', async () => {
    const { stream, writes } = connectedClient();
    stream.write('one');
    stream.destroy();
    await turn();
    expect(writes).toEqual([]);
  });
});
