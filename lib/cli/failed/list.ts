import { Command } from 'commander';
import { counted } from '../../shared/counted.js';
import { wholeNumber } from '../arguments.js';
import type { CommandHost } from '../command-host.js';
import { failedJson, failedTable } from './event-text.js';
import { filterOf, typeWarning, withFilters, type FilterOptions } from './filters.js';
import { withFailedEvents, withStore, type StoreOptions } from './store.js';

const DEFAULT_LIMIT = 100;

interface ListOptions extends StoreOptions, FilterOptions {
  readonly limit: number;
  readonly offset: number;
  readonly json?: true;
}

/** `failed list`: lists failed events. */
export function failedListCommand(host: CommandHost): Command {
  const command = new Command('list').description('list failed events, the latest first');
  return withStore(withFilters(command))
    .option('--limit <n>', 'maximum number of events', wholeNumber(1, 100_000), DEFAULT_LIMIT)
    .option('--offset <n>', 'number of events to skip', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: ListOptions) => list(options, host));
}

async function list(options: ListOptions, host: CommandHost): Promise<void> {
  const { limit, offset, json } = options;
  const filter = filterOf(options);
  const { found, queueName } = await withFailedEvents(options, host, async (store) => ({
    found: await store.events.list({ ...filter, limit, offset }),
    queueName: store.queueName,
  }));
  const isWhole = Object.keys(filter).length === 0 && offset === 0;
  const warning = found.length === 0 ? typeWarning(options) : undefined;
  if (warning !== undefined) host.printError(warning);
  if (json) host.print(JSON.stringify(found.map(failedJson), undefined, 2));
  else if (found.length > 0) host.print(failedTable(found, host.columns));
  else host.printError(`The queue ${queueName} has no ${isWhole ? 'failed events' : 'failed events that match'}.`);
  if (!json && found.length === limit)
    host.printError(
      `The list ends after ${counted(limit, 'event')}. For the next ones, give --offset ${offset + limit}.`,
    );
}

const EXAMPLES = `
FAILED HANDLERS also names the handlers that have not completed. Times are in UTC.

Examples:
  $ npx nestjs-gemini-webhooks failed list --type batch.succeeded --after 2h
  The reasons, and how often:
    $ npx nestjs-gemini-webhooks failed list --limit 10000 --json | jq -r '.[].reason' | sort | uniq -c`;
