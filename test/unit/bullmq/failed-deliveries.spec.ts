import { beforeEach, describe, expect, it } from '@jest/globals';
import { FailedDeliveries } from '../../../lib/bullmq/failed-deliveries.js';
import { jobIdOf, toJobData } from '../../../lib/bullmq/delivery-job.js';
import type { DeliveryQueue } from '../../../lib/bullmq/inbox-store.js';
import { deliveryOf } from '../../support/deliveries.js';

/** A failed set in memory, of which the latest comes first. */
class FailedSet {
  readonly retried: string[] = [];
  readonly ids: string[] = [];
  readonly #jobs = new Map<string, object>();
  /** What others do when a job or a page of them has been read. */
  meanwhile: () => void = () => undefined;
  refusal: Error | undefined;

  fail(count: number, type = 'batch.succeeded'): void {
    for (let event = 0; event < count; event += 1) {
      const delivery = deliveryOf({ type, id: `${type}_${this.#jobs.size}` });
      const id = jobIdOf(delivery.key);
      this.ids.unshift(id);
      this.#jobs.set(id, {
        id,
        name: type,
        data: toJobData(delivery),
        progress: {},
        attemptsMade: 3,
        timestamp: 1,
        isFailed: async () => this.ids.includes(id),
        updateProgress: async () => undefined,
        retry: async () => {
          if (this.refusal) throw this.refusal;
          this.take(id);
          this.retried.push(id);
        },
      });
    }
  }

  take(id: string): void {
    this.ids.splice(this.ids.indexOf(id), 1);
  }

  get queue(): DeliveryQueue {
    const read = async <T>(what: T): Promise<T> => {
      this.meanwhile();
      return what;
    };
    const page = (start: number, end: number) => this.ids.slice(start, end < 0 ? undefined : end + 1);
    return {
      getFailed: (start = 0, end = -1) => read(page(start, end).map((id) => this.#jobs.get(id))),
      getRanges: (_types: unknown, start = 0, end = 1) => read(page(start, end)),
      getJob: async (id: string) => this.#jobs.get(id),
    } as unknown as DeliveryQueue;
  }
}

function refusedWith(code: number): Error {
  return Object.assign(new Error('Job e1 is not in the failed state. reprocessJob'), { code });
}

describe('replaying all failed events', () => {
  let set: FailedSet;
  let failed: FailedDeliveries;

  beforeEach(() => {
    set = new FailedSet();
    failed = new FailedDeliveries(() => set.queue);
  });

  it('replays each once while others take some of them away', async () => {
    set.fail(450);
    const discarded = set.ids.slice(0, 200);
    const rest = set.ids.slice(200);
    set.meanwhile = () => {
      for (const id of discarded.splice(0)) set.take(id);
    };

    expect(await failed.replayAll()).toBe(250);
    expect(set.retried.toSorted()).toEqual(rest.toSorted());
  });

  it('replays each once while others fail', async () => {
    set.fail(450);
    const present = [...set.ids];
    let more = 300;
    set.meanwhile = () => set.fail(more--);

    expect(await failed.replayAll()).toBe(450);
    expect(set.retried.toSorted()).toEqual(present.toSorted());
  });

  it('leaves those that do not match', async () => {
    set.fail(60);
    set.fail(60, 'batch.failed');

    expect(await failed.replayAll({ type: 'batch.failed' })).toBe(60);
    expect(set.ids).toHaveLength(60);
  });

  it.each([-1, -3])('passes over one that somebody else has replayed in the same moment (%i)', async (code) => {
    set.fail(3);
    set.refusal = refusedWith(code);

    expect(await failed.replayAll()).toBe(0);
    await expect(failed.replay(set.ids[0]!)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('stops when the store does', async () => {
    set.fail(3);
    set.refusal = new Error('Connection is closed.');

    await expect(failed.replayAll()).rejects.toMatchObject({ code: 'inbox_unavailable', cause: set.refusal });
  });
});
