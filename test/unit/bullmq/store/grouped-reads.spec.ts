import { describe, expect, it } from '@jest/globals';
import { groupReads } from '../../../../lib/bullmq/store/grouped-reads.js';

describe('the messages of a relay', () => {
  it('are read at once after a pause, and in groups while many arrive', async () => {
    const inbox = [['a'], ['b', 'c'], []];
    const readAt: number[] = [];
    const { readInbox } = groupReads({
      async readInbox(_node: string, _cursor: string, _options: object) {
        readAt.push(performance.now());
        return { entries: inbox.shift() ?? [], cursor: '' } as never;
      },
    });
    const startedAt = performance.now();
    for (let read = 0; read < 3; read += 1) await readInbox('node', '', { blockMs: 0, count: 100 });
    await readInbox('node', '', { blockMs: 0, count: 100 });

    const [first, second, third, fourth] = readAt.map((at) => at - startedAt);
    // Timers may be early by a millisecond.
    expect(second! - first!).toBeGreaterThanOrEqual(19);
    expect(third! - second!).toBeGreaterThanOrEqual(19);
    expect(fourth).toBeGreaterThanOrEqual(third!);
  });
});
