import { GeminiWebhooksError, messageOf } from '../errors.js';
import { settlesWithin, withTimeout } from '../shared/timeouts.js';
import { defaultQueueName } from './bullmq-inbox.options.js';
import { FailedDeliveries } from './deliveries/failed-deliveries.js';
import type { FailedJobs } from './store/failed-jobs.js';
import type { InboxStore } from './store/inbox-store.js';
import { loadBullmq, loadPostgresDriver, loadRedisDriver } from './store/optional-peers.js';
import { postgresStore } from './store/postgres/postgres-store.js';
import { redisStore } from './store/redis/redis-store.js';
import { checkedName, checkedPrefix, storeTarget, type StoreTarget } from './store/store-target.js';
import { withErrorsHandled } from './store/supervised.js';

const OWNER = '"failed"';
/** Time to connect and to check the schema, in milliseconds. */
const CONNECT_TIMEOUT_MS = 8_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Where an inbox keeps its events. */
export interface InboxAddress {
  readonly url: string;
  /** Name of the module instance, which decides the default queue name. */
  readonly instance: string;
  readonly queueName?: string | undefined;
  readonly prefix?: string | undefined;
}

/** Failed events of an inbox, read without running the inbox. */
export interface OpenFailedDeliveries {
  readonly events: FailedDeliveries;
  readonly queueName: string;
  close(): Promise<void>;
}

/**
 * Connects to the failed events of an inbox. Creates and migrates nothing.
 *
 * @param signal ends the attempt to connect
 * @throws GeminiWebhooksError `invalid_option`; `inbox_unavailable` with the server's reason
 */
export async function openFailedDeliveries(address: InboxAddress, signal?: AbortSignal): Promise<OpenFailedDeliveries> {
  const target = storeTarget(OWNER, { url: address.url }, undefined);
  const prefix = checkedPrefix(OWNER, address.prefix, target);
  const queueName = checkedName(OWNER, 'queue', address.queueName ?? defaultQueueName(address.instance)) as string;
  await loadPeers(target);
  const refusal = new AbortController();
  const store = await openStore(target, prefix, (error) => refusal.abort(error));
  let jobs: FailedJobs | undefined;
  const close = async () => {
    if (jobs) await settlesWithin(jobs.close(), CLOSE_TIMEOUT_MS);
    await store.close();
  };
  const connect = async () => {
    await store.prepare();
    jobs = withErrorsHandled(store.failedJobs(queueName));
    await jobs.waitUntilReady();
    return jobs;
  };
  try {
    const given = [refusal.signal, ...(signal ? [signal] : [])];
    const ready = await withTimeout(
      Promise.race([connect(), rejectedBy(AbortSignal.any(given))]),
      CONNECT_TIMEOUT_MS,
      'the server did not answer',
    );
    return { events: new FailedDeliveries(async () => ready), queueName, close };
  } catch (cause) {
    await close();
    const schema = /schema ("[^"]*") is not initialized/.exec(messageOf(cause))?.[1];
    const reason =
      schema === undefined
        ? `The store is not available: ${messageOf(cause)}`
        : `The database has no inbox in the schema ${schema}. Check the database and the prefix.`;
    throw new GeminiWebhooksError('inbox_unavailable', reason, { cause });
  }
}

/** The store would name the inbox in its error, and another driver. */
async function loadPeers({ kind }: StoreTarget): Promise<void> {
  if (kind === 'redis') await loadRedisDriver(OWNER);
  else await loadPostgresDriver(OWNER);
  await loadBullmq(OWNER, kind === 'redis' ? 'ioredis' : 'pg');
}

function openStore(
  target: StoreTarget,
  prefix: string | undefined,
  onError: (error: Error) => void,
): Promise<InboxStore> {
  if (target.kind === 'redis')
    return redisStore(target, { prefix, telemetry: undefined }, { onError, onReady: () => undefined });
  return postgresStore(target, { schema: prefix ?? 'bullmq', migrate: false, concurrency: 1, telemetry: undefined });
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  const rejected = new Promise<never>((_resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  rejected.catch(() => undefined);
  return rejected;
}
