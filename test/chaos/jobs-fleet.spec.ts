import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { removeTestQueues, testQueue, type TestQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { STORES } from '../support/stores.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { JobsProcess, killJobsProcesses } from './support/jobs-process.js';

const PROCESSES = 3;
const JOBS = times(60, 1_000);
const LOST = Math.round(JOBS / 10);
/** Longer than webhooks take here. On a busy machine a poll may come first. */
const POLLED_AFTER_MS = 20_000;
const RECONCILE = { afterMs: POLLED_AFTER_MS, maxIntervalMs: POLLED_AFTER_MS, untilMs: 3_600_000 };

jest.setTimeout(180_000);

describe.each(STORES)(`${PROCESSES} processes on $name`, ({ url }) => {
  let journal: Journal;
  let queue: TestQueue;

  beforeEach(() => {
    journal = new Journal();
    queue = testQueue(url);
    testQueue(url, `${queue.name}-jobs`);
  });

  afterEach(async () => {
    await killJobsProcesses();
    await closeSimulators();
    await removeTestQueues();
    journal.remove();
  });

  it(`handle the ends of ${JOBS} jobs once each, and poll those with lost webhooks, no job twice`, async () => {
    const gemini = await startGemini({ time: 'real', durations: { batch: 500 } });
    gemini.inject({ fault: 'lose', times: LOST });
    // On PostgreSQL the processes' pools share the server's 100 connections with the other tests.
    const inbox = { url, queueName: queue.name, concurrency: 4 };
    const fleet = await Promise.all(
      Array.from({ length: PROCESSES }, () => JobsProcess.start({ journal, gemini, inbox, reconcile: RECONCILE })),
    );
    const shares = fleet.map((_process, index) => Math.floor((JOBS + index) / PROCESSES));
    const started = (await Promise.all(fleet.map((process, index) => process.startJobs(shares[index]!)))).flat();
    const ids = started.map(({ id }) => id);
    const ends = await Promise.all(fleet.map((process) => process.ends(ids)));
    await drained(queue.queue);

    expect(ids).toHaveLength(JOBS);
    for (const seen of ends) expect(new Set(seen)).toEqual(new Set(['batch.succeeded']));
    const handled = journal.counts('done', 'steady');
    expect(handled.size).toBe(JOBS);
    expect([...handled.values()].filter((count) => count !== 1)).toEqual([]);
    expect(gemini.countOf('batches.get')).toBeGreaterThanOrEqual(LOST);
    expect(started.filter(({ name }) => gemini.countOf('batches.get', name) > 1)).toEqual([]);
    expect(journal.uncaught()).toEqual([]);
  });
});
