import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as settle } from 'node:timers/promises';
import { Supervised, type Connected } from '../../../../lib/bullmq/store/supervised.js';
import { deferred, type Deferred } from '../../../support/deferred.js';
import { until } from '../../../support/until.js';

/** A supervised object that connects and closes when the test lets it. */
class Made implements Connected {
  readonly connected: Deferred<unknown> = deferred();
  closed = 0;

  waitUntilReady(): Promise<unknown> {
    return this.connected.promise;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

describe('a supervised object', () => {
  let made: Made[];
  let failures: string[];
  let introduced: Made[];
  let introduce: (one: Made) => Promise<void>;
  let supervised: Supervised<Made>;

  beforeEach(() => {
    made = [];
    failures = [];
    introduced = [];
    introduce = async (one) => void introduced.push(one);
    supervised = new Supervised<Made>({
      make: async () => {
        made.push(new Made());
        return made.at(-1)!;
      },
      onConnected: (one) => introduce(one),
      onFailure: (message) => failures.push(message),
    });
  });

  afterEach(async () => {
    await supervised.stop();
  });

  it('is ready after onConnected has resolved, not earlier', async () => {
    const introduction = deferred();
    introduce = () => introduction.promise;
    supervised.start();
    await settle();
    made[0]!.connected.resolve(undefined);
    await settle();
    expect(supervised.current).toBeUndefined();

    introduction.resolve();
    expect(await supervised.ready()).toBe(made[0]);
    expect(supervised.current).toBe(made[0]);
    expect(failures).toEqual([]);
  });

  it('is created once, however often it is started', async () => {
    supervised.start();
    supervised.start();
    await settle();

    expect(made).toHaveLength(1);
  });

  it('is closed and created again until it can connect', async () => {
    supervised.start();
    for (const [index, failure] of ['refused', 'refused again'].entries()) {
      await until(() => made.length === index + 1);
      made[index]!.connected.reject(new Error(failure));
    }
    await until(() => made.length === 3);
    made[2]!.connected.resolve(undefined);

    expect(await supervised.ready()).toBe(made[2]);
    expect(failures).toEqual(['refused', 'refused again']);
    expect(made.map(({ closed }) => closed)).toEqual([1, 1, 0]);
    expect(introduced).toEqual([made[2]]);
  });

  it('is created again when onConnected fails', async () => {
    introduce = async () => {
      if (made.length === 1) throw new Error('no server listened');
    };
    supervised.start();
    await settle();
    made[0]!.connected.resolve(undefined);
    await until(() => made.length === 2);
    made[1]!.connected.resolve(undefined);

    expect(await supervised.ready()).toBe(made[1]);
    expect(failures).toEqual(['no server listened']);
    expect(made[0]!.closed).toBe(1);
  });

  it('does not wait for an object that cannot close', async () => {
    supervised.start();
    await settle();
    made[0]!.close = () => new Promise(() => undefined);
    made[0]!.connected.reject(new Error('refused'));

    await until(() => made.length === 2);
    expect(failures).toEqual(['refused']);
  });

  it('is returned by stop for the caller to close', async () => {
    supervised.start();
    await settle();
    made[0]!.connected.resolve(undefined);
    await supervised.ready();

    expect(await supervised.stop()).toBe(made[0]);
    expect(made[0]!.closed).toBe(0);
    expect(supervised.current).toBeUndefined();
  });

  it('is closed by stop while it is still connecting, without a failure report', async () => {
    supervised.start();
    await settle();

    expect(await supervised.stop()).toBeUndefined();
    expect(await supervised.ready()).toBeUndefined();
    await settle();
    expect(made[0]!.closed).toBe(1);
    expect(failures).toEqual([]);
  });

  it('is not created again after stop', async () => {
    supervised.start();
    await settle();
    made[0]!.connected.reject(new Error('refused'));
    await settle();
    expect(failures).toEqual(['refused']);
    await supervised.stop();
    await supervised.ready();

    expect(made).toHaveLength(1);
  });

  it('is undefined if it was never started', async () => {
    expect(await supervised.ready()).toBeUndefined();
    expect(await supervised.stop()).toBeUndefined();
    supervised.start();
    await settle();
    expect(made).toEqual([]);
  });
});
