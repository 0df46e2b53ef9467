import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { removeTestQueues, testQueue } from '../support/durable.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { Journal } from './support/journal.js';
import { JobsProcess, killJobsProcesses, type JobsConfig } from './support/jobs-process.js';

const LATER = { afterMs: 600_000 };
const SOON = { afterMs: 300, maxIntervalMs: 500, untilMs: 3_600_000 };

jest.setTimeout(120_000);

describe.each(STORES)('processes that start jobs and are killed by SIGKILL, on $name', ({ url }) => {
  let journal: Journal;
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let config: Omit<JobsConfig, 'reconcile'>;

  beforeEach(async () => {
    journal = new Journal();
    gemini = await startGemini({ time: 'real', durations: { batch: Infinity } });
    const { name: queueName } = testQueue(url);
    testQueue(url, `${queueName}-jobs`);
    config = { journal, gemini, inbox: { url, queueName, lockDurationMs: 1_000 } };
  });

  afterEach(async () => {
    await killJobsProcesses();
    await closeSimulators();
    await removeTestQueues();
    journal.remove();
  });

  /** A job at Gemini whose process was killed before it received the response. Our id was recorded before. */
  const orphan = async (survivor: JobsProcess, reconcile: JobsConfig['reconcile']) => {
    const killed = await JobsProcess.start({ ...config, reconcile, dieOn: 'POST' });
    await killed.startAndDie(survivor.origin);
    const [started] = journal.entries('started');
    const { name } = gemini.requests.find(({ operation }) => operation === 'batches.create')!;
    return { id: started!.id, name: name! };
  };

  const once = (name: string) => new Map([[name.replace('batches/', ''), 1]]);
  const done = () =>
    new Map([...journal.counts('done', 'steady')].map(([id, count]) => [id.replace(/^(batches\/|batch_)/, ''), count]));

  it('before they record a started job lose no job: its webhook ends it', async () => {
    const survivor = await JobsProcess.start({ ...config, reconcile: LATER });
    const { id, name } = await orphan(survivor, LATER);
    const waiting = survivor.ends([id]);
    gemini.finish(name);

    expect(await waiting).toEqual(['batch.succeeded']);
    expect(done()).toEqual(once(name));
    expect(gemini.countOf('batches.get') + gemini.countOf('batches.list')).toBe(0);
  });

  it('before they record a started job whose webhook is lost lose no job: its display name identifies it', async () => {
    gemini.inject({ fault: 'lose' });
    const survivor = await JobsProcess.start({ ...config, reconcile: SOON });
    const { id, name } = await orphan(survivor, SOON);
    const waiting = survivor.ends([id]);
    gemini.finish(name);

    expect(await waiting).toEqual(['batch.succeeded']);
    await until(() => done().size === 1);
    expect(done()).toEqual(once(name));
  });

  it('while they poll a job leave it to another process, and its handlers run once', async () => {
    gemini.inject({ fault: 'lose' });
    const killed = await JobsProcess.start({ ...config, reconcile: { ...SOON, afterMs: 2_000 }, dieOn: 'GET' });
    const [job] = await killed.startJobs(1);
    gemini.finish(job!.name);
    await killed.ended;
    expect(gemini.countOf('batches.get')).toBe(1);

    const survivor = await JobsProcess.start({ ...config, reconcile: SOON });
    expect(await survivor.ends([job!.id])).toEqual(['batch.succeeded']);
    await until(() => done().size === 1);
    expect(done()).toEqual(once(job!.name));
    expect(gemini.countOf('batches.get')).toBe(2);
    expect(journal.uncaught()).toEqual([]);
  });
});
