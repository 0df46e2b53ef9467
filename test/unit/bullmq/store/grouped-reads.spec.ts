import { describe, expect, it } from '@jest/globals';
import { groupReads } from '../../../../lib/bullmq/store/grouped-reads.js';

describe('the messages of a relay', () => {
  it('are read at once after a pause, and in groups while many arrive', async () => {
    const inbox = [['a'], ['b', 'c'], [], ['d']];
    const readAt: number[] = [];
    let now = 0;
    const backend = {
      async readInbox(_node: string, _cursor: string, _options: object) {
        readAt.push(now);
        now += 1;
        return { entries: inbox.shift() ?? [], cursor: '' } as never;
      },
    };
    const { readInbox } = groupReads(backend, { now: () => now, wait: async (ms) => (now += ms) });
    for (let read = 0; read < 4; read += 1) await readInbox('node', '', { blockMs: 0, count: 100 });

    expect(readAt).toEqual([0, 21, 42, 43]);
  });
});
