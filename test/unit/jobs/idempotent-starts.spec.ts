import { expect, it } from '@jest/globals';
import type { JobTracker, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import { IdempotentStarts } from '../../../lib/jobs/idempotent-starts.js';
import type { JobPlan, JobStarter } from '../../../lib/jobs/job-starter.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';

it('holds few locks at once, since each costs the store a connection', async () => {
  let [held, most] = [0, 0];
  const host = {
    registration: 'default',
    repeatAfterMs: 60_000,
    closing: new AbortController().signal,
    tracker: { find: async () => undefined } as unknown as JobTracker,
    lock: async <Result>(_name: string, work: (held: AbortSignal) => Promise<Result>) => {
      held += 1;
      most = Math.max(most, held);
      const result = await work(new AbortController().signal);
      held -= 1;
      return result;
    },
  } as unknown as JobStartsHost;
  const starter = { start: async (_plan: JobPlan, id: string) => ({ id }) as TrackedJob } as unknown as JobStarter;
  const starts = new IdempotentStarts(starter, host);
  const plan: JobPlan = { kind: 'video', given: {}, start: async () => 'v1_1' };

  const jobs = await Promise.all(Array.from({ length: 100 }, (_, index) => starts.start(plan, `scene-${index}`)));

  expect(new Set(jobs.map(({ id }) => id)).size).toBe(100);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});
