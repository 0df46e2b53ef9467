import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { AppControllerRoute, BullBoardQueues, IServerAdapter } from '@bull-board/api/typings/app';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnrecoverableEventError } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import {
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { SECRET } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(30_000);

/** A delivery job as the board shows it. */
interface BoardJob {
  readonly id: string;
  readonly name: string;
  readonly progress: unknown;
  readonly attempts: number;
  readonly failedReason?: string;
  readonly isFailed: boolean;
}

/** Bull Board without a web server: the test calls its routes as its page does. */
class Board {
  #queues: BullBoardQueues = new Map();
  #routes: readonly AppControllerRoute[] = [];

  constructor({ queue }: TestQueue) {
    createBullBoard({
      queues: [new BullMQAdapter(queue as ConstructorParameters<typeof BullMQAdapter>[0])],
      serverAdapter: this.#server(),
      options: { uiBasePath: '.', validateResponses: true },
    });
  }

  get queueName(): string {
    return [...this.#queues.keys()][0]!;
  }

  async list(status: string): Promise<BoardJob[]> {
    const query = { activeQueue: this.queueName, status, page: '1', jobsPerPage: '10' };
    const { queues } = await this.#call<{ queues: { jobs: BoardJob[] }[] }>('get', '/api/queues', {}, query);
    return queues[0]!.jobs;
  }

  async job(jobId: string): Promise<{ job: BoardJob; status: string }> {
    return this.#call('get', '/api/queues/:queueName/:jobId', { jobId });
  }

  async logs(jobId: string): Promise<string[]> {
    return this.#call('get', '/api/queues/:queueName/:jobId/logs', { jobId });
  }

  async retry(jobId: string): Promise<void> {
    await this.#call('put', '/api/queues/:queueName/:jobId/retry', { jobId });
  }

  async retryAll(): Promise<unknown> {
    return this.#call('put', '/api/queues/:queueName/retry/:queueStatus', { queueStatus: 'failed' });
  }

  async #call<Body>(method: string, path: string, params: object, query: object = {}): Promise<Body> {
    const { handler } = this.#routes.find(({ method: own, route }) => own === method && route === path)!;
    const { status = 200, body } = await handler({
      queues: this.#queues,
      uiConfig: {},
      params: { queueName: this.queueName, ...params },
      query,
      body: {},
      headers: {},
    });
    if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body as Body;
  }

  #server(): IServerAdapter {
    const server: IServerAdapter = {
      setQueues: (queues) => {
        this.#queues = queues;
        return server;
      },
      setApiRoutes: (routes) => {
        this.#routes = routes;
        return server;
      },
      setViewsPath: () => server,
      setStaticPath: () => server,
      setEntryRoute: () => server,
      setErrorHandler: () => server,
      setUIConfig: () => server,
    };
    return server;
  }
}

describe.each(STORES)('Bull Board on $name', ({ url }) => {
  let queue: TestQueue;
  let board: Board;
  let runs: Record<'steady' | 'broken', number>;
  let failure: Error | undefined;

  beforeEach(async () => {
    runs = { steady: 0, broken: 0 };
    failure = new Error('a detail that only the log of the app may hold');
    queue = testQueue(url);
    board = new Board(queue);
    const steady = handlerOf('steady', () => (runs.steady += 1));
    const broken = handlerOf('broken', () => {
      runs.broken += 1;
      if (failure) throw failure;
    });
    const { origin } = await startDurableApp(queue, [steady, broken], { attempts: 2 });
    await deliverUntilTaken(origin, { type: 'batch.completed' });
    await drained(queue.queue);
  });

  afterEach(async () => {
    await closeApps();
    await removeTestQueues();
  });

  it('lists an event by type, with the outcome of each handler, the reason for the failure and a log of the attempts', async () => {
    const [job, ...others] = await board.list('failed');

    expect(others).toEqual([]);
    expect(job).toMatchObject({
      name: 'batch.succeeded',
      progress: { handlers: { steady: 'succeeded' }, announced: true },
      attempts: 2,
      failedReason: "broken failed (attempt 2); the app's log has the reason",
      isFailed: true,
    });
    expect(await board.job(job!.id)).toMatchObject({ status: 'failed', job: { name: 'batch.succeeded' } });
    expect(await board.logs(job!.id)).toEqual(['attempt 1: broken failed', 'attempt 2: broken failed']);
  });

  it('shows no thrown error, no secret and no signature', async () => {
    const [job] = await board.list('failed');
    const stored = await queue.queue.getJob(job!.id);
    const kept = JSON.stringify([stored!.asJSON(), job, await board.job(job!.id), await board.logs(job!.id)]);

    expect(kept).toContain('batch.succeeded');
    for (const secret of [SECRET, SECRET.slice('whsec_'.length), 'v1,', 'signature', failure!.message])
      expect(kept).not.toContain(secret);
  });

  it('retries an event without rerunning successful handlers', async () => {
    const [job] = await board.list('failed');
    await board.retry(job!.id);
    await drained(queue.queue);
    expect(runs).toEqual({ steady: 1, broken: 3 });
    expect(await board.job(job!.id)).toMatchObject({ status: 'failed', job: { attempts: 3 } });

    failure = undefined;
    await board.retry(job!.id);
    await drained(queue.queue);

    expect(runs).toEqual({ steady: 1, broken: 4 });
    expect(await board.job(job!.id)).toMatchObject({
      status: 'completed',
      job: { progress: { handlers: { steady: 'succeeded', broken: 'succeeded' } } },
    });
    expect(await board.list('failed')).toEqual([]);
  });

  it('retries a handler that failed permanently', async () => {
    failure = new UnrecoverableEventError('never');
    const [job] = await board.list('failed');
    await board.retry(job!.id);
    await drained(queue.queue);
    expect(await board.job(job!.id)).toMatchObject({
      status: 'failed',
      job: { failedReason: 'broken failed for good', progress: { handlers: { broken: 'failed' } } },
    });
    expect((await board.logs(job!.id)).at(-1)).toBe('attempt 3: broken failed for good');

    failure = undefined;
    expect(await board.retryAll()).toMatchObject({ retried: 1 });
    await drained(queue.queue);

    expect(runs).toEqual({ steady: 1, broken: 4 });
    expect(await board.job(job!.id)).toMatchObject({ status: 'completed' });
  });
});
