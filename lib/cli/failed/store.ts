import { Option, type Command } from 'commander';
import type { FailedDeliveries } from '../../bullmq/deliveries/failed-deliveries.js';
import { GeminiWebhooksError } from '../../errors.js';
import { DEFAULT_NAME } from '../../gemini-webhooks.tokens.js';
import type { CommandHost } from '../command-host.js';

/** Options for where the inbox keeps its events. */
export interface StoreOptions {
  readonly url?: string;
  readonly queue?: string;
  readonly instance?: string;
  readonly prefix?: string;
}

/** Failed events of the inbox that the options name. */
export interface FailedEventsAtStore {
  readonly events: FailedDeliveries;
  readonly queueName: string;
}

/** Adds `--url`, `--queue`, `--instance` and `--prefix`. Without argument parsers, whose errors would show a password. */
export function withStore(command: Command): Command {
  return command
    .option('--url <url>', 'store of the inbox: redis(s):// or postgres:// (default: GEMINI_WEBHOOK_INBOX_URL)')
    .addOption(
      new Option('--queue <name>', 'queueName of the inbox (default: that of the module instance)').conflicts(
        'instance',
      ),
    )
    .option('--instance <name>', 'name of the module instance, as in forRoot({ name }) (default: "default")')
    .option('--prefix <prefix>', 'prefix of the inbox: on PostgreSQL its schema (default: "bull", "bullmq")');
}

/**
 * Runs `work` with the failed events of the options or the environment, then closes the connection.
 *
 * @param signal ends the attempt to connect
 * @throws GeminiWebhooksError `invalid_argument` if neither names a store
 */
export async function withFailedEvents<Result>(
  { url, queue, instance = DEFAULT_NAME, prefix }: StoreOptions,
  { environment }: Pick<CommandHost, 'environment'>,
  work: (store: FailedEventsAtStore) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const given = url ?? environment['GEMINI_WEBHOOK_INBOX_URL'];
  if (given === undefined || given.trim() === '')
    throw new GeminiWebhooksError(
      'invalid_argument',
      'There is no store. Set GEMINI_WEBHOOK_INBOX_URL to that of the inbox, or give --url.',
    );
  const { openFailedDeliveries } = await import('../../bullmq/open-failed-deliveries.js');
  const store = await openFailedDeliveries({ url: given, queueName: queue, instance, prefix }, signal);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
