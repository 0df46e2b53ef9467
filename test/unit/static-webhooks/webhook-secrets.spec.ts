import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RotationStore } from '../../../lib/static-webhooks/rotation-store.js';
import type { SigningSecretStore } from '../../../lib/static-webhooks/signing-secret-store.js';
import { StaticWebhookSecrets } from '../../../lib/static-webhooks/webhook-secrets.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';

type Watch = NonNullable<SigningSecretStore['watch']>;

const logger = new RecordingLogger();

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  Logger.overrideLogger(logger);
  logger.entries.length = 0;
});

afterEach(() => {
  Logger.overrideLogger(false);
  jest.useRealTimers();
});

const storeOf = (watch: Watch, name = 'orders') =>
  new RotationStore(name, { load: async () => [], save: async () => undefined, watch });

const watchOf = (unwatch: () => unknown): Watch => {
  return async () => unwatch as () => void;
};

const fails = (): never => {
  throw new Error('the connection is closed');
};

function following(...stores: readonly RotationStore[]): StaticWebhookSecrets {
  const secrets = new StaticWebhookSecrets();
  for (const store of stores) secrets.follow(store);
  return secrets;
}

/** Resolves after Node has reported unhandled rejections, which fail the test. */
const reported = () => new Promise((resolve) => setImmediate(resolve));

describe('a watch of a store', () => {
  it('stops at shutdown', async () => {
    const unwatch = jest.fn();

    await following(storeOf(watchOf(unwatch))).onModuleDestroy();

    expect(unwatch).toHaveBeenCalledTimes(1);
    expect(logger.entries).toEqual([]);
  });

  it.each([
    ['that never starts', () => new Promise<never>(() => undefined)],
    ['that never stops', watchOf(() => new Promise(() => undefined))],
  ])('%s does not block the shutdown, and is logged', async (_, watch) => {
    const closed = following(storeOf(watch)).onModuleDestroy();
    await jest.advanceTimersByTimeAsync(2_000);

    await closed;
    expect(logger.of('warn')).toEqual([expect.stringMatching(/"orders".*more than 2 s/)]);
  });

  it('that starts only after the shutdown is stopped then', async () => {
    const [started, unwatch] = [deferred<() => void>(), jest.fn()];
    const closed = following(storeOf(() => started.promise)).onModuleDestroy();
    await jest.advanceTimersByTimeAsync(2_000);
    await closed;

    started.resolve(unwatch);
    await reported();

    expect(unwatch).toHaveBeenCalledTimes(1);
  });

  it('that fails to start during the shutdown is no reason for a log line', async () => {
    const started = deferred<() => void>();
    const closed = following(storeOf(() => started.promise)).onModuleDestroy();

    started.reject(new Error('the store is closed'));

    await closed;
    expect(logger.entries).toEqual([]);
  });

  it.each([
    ['throws', fails],
    ['rejects', async () => fails()],
  ])(
    'that %s when it is stopped fails no shutdown, keeps no other from stopping, and is logged',
    async (_, unwatch) => {
      const other = jest.fn();

      await following(storeOf(watchOf(unwatch)), storeOf(watchOf(other), 'invoices')).onModuleDestroy();
      await reported();

      expect(other).toHaveBeenCalledTimes(1);
      expect(logger.of('warn')).toEqual([
        expect.stringMatching(/"orders" could not be stopped: the connection is closed/),
      ]);
    },
  );

  it.each([
    ['throws', fails],
    ['rejects', async () => fails()],
  ])('that %s when its store is replaced is logged', async (_, unwatch) => {
    const secrets = following(storeOf(watchOf(unwatch)));

    secrets.follow(storeOf(watchOf(() => undefined)));
    await reported();

    expect(logger.of('warn')).toEqual([
      expect.stringMatching(/"orders" could not be stopped: the connection is closed/),
    ]);
    await secrets.onModuleDestroy();
  });
});

describe('a webhook that was removed', () => {
  it('no longer leaves a doubt about a signature, and its store is not watched', async () => {
    const unwatch = jest.fn();
    const secrets = following(storeOf(watchOf(unwatch)));
    expect((await secrets.newest()).doubt).toMatch(/No secret .* "orders"/);

    await secrets.unfollow('orders');

    expect(await secrets.newest()).toEqual({ keys: [], doubt: undefined });
    expect(secrets.isUsed).toBe(false);
    expect(unwatch).toHaveBeenCalledTimes(1);
  });
});
