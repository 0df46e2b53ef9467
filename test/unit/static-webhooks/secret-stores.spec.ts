import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SecretStores } from '../../../lib/static-webhooks/secret-stores.js';
import type { SigningSecretStore } from '../../../lib/static-webhooks/signing-secret-store.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const logger = new RecordingLogger();

beforeEach(() => {
  logger.entries.length = 0;
  Logger.overrideLogger(logger);
});

afterEach(() => {
  Logger.overrideLogger(false);
  jest.useRealTimers();
});

/** Factories of stores, and the numbers of the stores that are open. */
function factories(close: () => Promise<void> = async () => undefined) {
  const open = new Set<number>();
  let created = 0;
  const factory = () => (): SigningSecretStore => {
    const number = ++created;
    open.add(number);
    return {
      load: async () => [],
      save: async () => undefined,
      close: () => {
        open.delete(number);
        return close();
      },
    };
  };
  return { open, factory };
}

const storesOf = () => new SecretStores({ registration: 'default', keys: [] });

describe('stores created by factories', () => {
  it('are closed when another replaces them', async () => {
    const [stores, { open, factory }] = [storesOf(), factories()];

    for (let call = 0; call < 3; call += 1)
      await stores.during(async () => stores.use('orders', stores.open('sync', factory())));

    expect([...open]).toEqual([3]);
    await stores.close();
    expect([...open]).toEqual([]);
  });

  it('stay open while another webhook uses them', async () => {
    const [stores, { open, factory }] = [storesOf(), factories()];
    const shared = factory();
    await stores.during(async () => {
      for (const name of ['orders', 'invoices']) stores.use(name, stores.open('sync', shared));
    });

    await stores.during(async () => stores.use('orders', stores.open('sync', factory())));
    expect([...open]).toEqual([1, 2]);

    await stores.during(async () => stores.forget('invoices'));
    expect([...open]).toEqual([2]);
  });

  it('stay open until no call runs that may use them', async () => {
    const [stores, { open, factory }] = [storesOf(), factories()];
    const goOn = deferred();
    const running = stores.during(async () => {
      stores.use('orders', stores.open('sync', factory()));
      await goOn.promise;
      return [...open];
    });

    await stores.during(async () => stores.use('orders', stores.open('sync', factory())));
    goOn.resolve();

    expect(await running).toEqual([1, 2]);
    expect([...open]).toEqual([2]);
  });

  it('are closed after a call that failed before it used them', async () => {
    const [stores, { open, factory }] = [storesOf(), factories()];

    const failed = stores.during(async () => {
      stores.open('rotate', factory());
      throw new Error('no such webhook');
    });

    await expect(failed).rejects.toThrow('no such webhook');
    expect([...open]).toEqual([]);
  });

  it('are created again if their factory is given again', async () => {
    const [stores, { open, factory }] = [storesOf(), factories()];
    const [one, other] = [factory(), factory()];

    for (const given of [one, other, one])
      await stores.during(async () => stores.use('orders', stores.open('sync', given)));

    expect([...open]).toEqual([3]);
  });

  it('whose closing fails are logged and fail no call', async () => {
    const { factory } = factories(() => Promise.reject(new Error('the connection is lost')));
    const stores = storesOf();
    await stores.during(async () => stores.open('sync', factory()));

    stores.open('sync', factory());
    await stores.close();

    expect(logger.of('warn')).toEqual(
      Array(2).fill(expect.stringContaining('could not be closed: the connection is lost')),
    );
  });

  it('that never close do not block the shutdown', async () => {
    jest.useFakeTimers();
    const [stores, { factory }] = [storesOf(), factories(() => new Promise(() => undefined))];
    stores.open('sync', factory());

    const closed = stores.close();
    await jest.advanceTimersByTimeAsync(5_000);

    await closed;
    expect(logger.of('warn')).toEqual([expect.stringContaining('more than 5 s')]);
  });
});
