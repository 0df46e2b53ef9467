import { GeminiWebhooksError, messageOf } from '../errors.js';
import { settlesWithin, withTimeout } from '../shared/timeouts.js';
import { defaultQueueName } from './bullmq-inbox.options.js';
import { FailedDeliveries } from './deliveries/failed-deliveries.js';
import type { FailedJobs } from './store/failed-jobs.js';
import type { InboxStore } from './store/inbox-store.js';
import { loadBullmq, loadPostgresDriver, loadRedisDriver } from './store/optional-peers.js';
import { postgresStore } from './store/postgres/postgres-store.js';
import { redisStore } from './store/redis/redis-store.js';
import { clusterAt } from './store/redis/redis-url-cluster.js';
import {
  checkedName,
  checkedInboxPrefix,
  hasHashTag,
  invalidStoreOption,
  storeTarget,
  type StoreTarget,
} from './store/store-target.js';
import { readStoreUrl } from './store/store-url.js';
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
 * @throws GeminiWebhooksError `invalid_option`, also if the queue does not exist; `inbox_unavailable` with the server's reason
 */
export async function openFailedDeliveries(address: InboxAddress, signal?: AbortSignal): Promise<OpenFailedDeliveries> {
  checkOneServer(address.url);
  const target = storeTarget(OWNER, { url: address.url }, undefined);
  const prefix = checkedInboxPrefix(OWNER, address.prefix, target);
  const queueName = checkedName(OWNER, 'queue', address.queueName ?? defaultQueueName(address.instance)) as string;
  await loadPeers(target);
  const ending = new AbortController();
  const ended = AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]);
  const onError = (error: Error) => ending.abort(error);
  let store: InboxStore | undefined;
  let jobs: FailedJobs | undefined;
  const close = async () => {
    if (jobs) await settlesWithin(jobs.close(), CLOSE_TIMEOUT_MS);
    await store?.close();
  };
  const connect = async () => {
    const found = await inClusterMode(target, prefix, { onError, signal: ended });
    ended.throwIfAborted();
    store = await openStore(found, prefix, onError);
    ended.throwIfAborted();
    await store.prepare();
    jobs = withErrorsHandled(store.failedJobs(queueName));
    await jobs.waitUntilReady();
    await checkQueue(jobs, queueName);
    return jobs;
  };
  try {
    const ready = await withTimeout(
      Promise.race([connect(), rejectedBy(ended)]),
      CONNECT_TIMEOUT_MS,
      'the server did not answer',
    );
    return { events: new FailedDeliveries(async () => ready), queueName, close };
  } catch (cause) {
    ending.abort(cause);
    await close();
    throw openError(cause);
  }
}

/** The failed events of a mistyped queue would look as if there were none. */
async function checkQueue(jobs: FailedJobs, queueName: string): Promise<void> {
  if (await jobs.queueExists()) return;
  throw new GeminiWebhooksError(
    'invalid_option',
    `The store has no queue ${JSON.stringify(queueName)}. A queue is named "${defaultQueueName('default')}", or "${defaultQueueName('<name>')}" ` +
      'for a module instance with a name (--instance), unless bullmqInbox has a queueName (--queue) or a prefix (--prefix). ' +
      'An app creates its queue when it starts: has it started with this store?',
  );
}

function openError(cause: unknown): unknown {
  if (cause instanceof GeminiWebhooksError && cause.code === 'invalid_option') return cause;
  const schema = /schema ("[^"]*") is not initialized/.exec(messageOf(cause))?.[1];
  const reason =
    schema === undefined
      ? `The store is not available: ${messageOf(cause)}`
      : `The database has no inbox in the schema ${schema}. Check the database and the prefix.`;
  return new GeminiWebhooksError('inbox_unavailable', reason, { cause });
}

/** Connects to a cluster by the URL of one of its nodes. */
async function inClusterMode(
  target: StoreTarget,
  prefix: string | undefined,
  connection: Parameters<typeof clusterAt>[1],
): Promise<StoreTarget> {
  if (target.kind !== 'redis' || !('url' in target)) return target;
  const client = await clusterAt(target.url, connection);
  if (!client) return target;
  if (!hasHashTag(prefix)) {
    const given = prefix === undefined ? 'got none' : `got ${JSON.stringify(prefix)}`;
    const todo = "Give that of the inbox, which has a hash tag such as '{gemini}'.";
    invalidStoreOption(OWNER, 'prefix', `${given}, and the Redis server is in cluster mode`, todo);
  }
  return { kind: 'redis', client };
}

/** `storeTarget` would recommend a client, which only an app can give. */
function checkOneServer(url: string): void {
  const { todo, fault } = { todo: '', fault: '', ...readStoreUrl(url) };
  if (!todo.includes('connection: new')) return;
  const one =
    'Give that of one server, such as redis://host:6379 or postgres://host/database. Of a cluster, one node is enough.';
  invalidStoreOption(OWNER, 'url', fault, one);
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
  return postgresStore(target, { schema: prefix ?? 'bullmq', migrate: false, workers: false, telemetry: undefined });
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
