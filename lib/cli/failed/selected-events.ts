import type { Command } from 'commander';
import type { FailedDeliveries } from '../../bullmq/deliveries/failed-deliveries.js';
import { GeminiWebhooksError, messageOf } from '../../errors.js';
import { counted } from '../../shared/counted.js';
import type { CommandHost } from '../command-host.js';
import { filterOf, typeWarning, withFilters, type FilterOptions } from './filters.js';
import { withFailedEvents, withStore, type StoreOptions } from './store.js';

/** Options that select failed events by id or all at once. */
export interface SelectionOptions extends StoreOptions, FilterOptions {
  readonly all?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** A change of failed events. */
export interface Change {
  /** Past tense, for the result. */
  readonly done: 'replayed' | 'discarded';
  /** True if `--all` needs `--yes` although there is a filter. */
  readonly needsYes: boolean;
  one(events: FailedDeliveries, id: string): Promise<void>;
  all(events: FailedDeliveries, selection: Parameters<FailedDeliveries['discardAll']>[0]): Promise<number>;
}

/** Adds the ids, `--all`, the filters, `--yes` and the store. */
export function withSelection(command: Command, yes: string): Command {
  command
    .argument('[id...]', 'ids of events, as list shows them')
    .option('--all', 'all events that the filters select');
  return withStore(withFilters(command)).option('--yes', yes).option('--json', 'print JSON');
}

/**
 * Changes the selected events and prints how many. Ctrl+C ends the run after the events in progress.
 *
 * @throws GeminiWebhooksError `invalid_argument` for a selection that is incomplete or contradictory
 * @throws Error if an event is not failed, after the others have been changed
 */
export async function changeSelected(
  ids: readonly string[],
  options: SelectionOptions,
  change: Change,
  host: CommandHost,
): Promise<void> {
  checkSelection(ids, options, change);
  const filter = filterOf(options);
  const stop = new AbortController();
  void host.stopped().then(() => stop.abort(new Error('stopped')));
  const run = async (events: FailedDeliveries): Promise<Outcome> => {
    if (ids.length > 0) return changeEach([...new Set(ids)], events, change, stop.signal);
    return { count: await change.all(events, { ...filter, signal: stop.signal }), failures: [] };
  };
  const { count, failures } = await withFailedEvents(options, host, ({ events }) => run(events), stop.signal);
  const warning = count === 0 ? typeWarning(options) : undefined;
  if (warning !== undefined) host.printError(warning);
  host.print(options.json ? JSON.stringify({ [change.done]: count }) : `${change.done} ${counted(count, 'event')}`);
  if (stop.signal.aborted) failures.push('Stopped. Repeat the command for the remaining events.');
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

interface Outcome {
  readonly count: number;
  readonly failures: string[];
}

async function changeEach(
  ids: readonly string[],
  events: FailedDeliveries,
  change: Change,
  signal: AbortSignal,
): Promise<Outcome> {
  const failures: string[] = [];
  let count = 0;
  for (const id of ids) {
    if (signal.aborted) break;
    try {
      await change.one(events, id);
      count += 1;
    } catch (error) {
      failures.push(messageOf(error));
      // Only an id can be wrong on its own: the other requests would fail as well.
      if (!(error instanceof GeminiWebhooksError) || error.code !== 'invalid_argument') break;
    }
  }
  return { count, failures };
}

function checkSelection(ids: readonly string[], options: SelectionOptions, { done, needsYes }: Change): void {
  const { all, yes, type, before, after } = options;
  const hasFilter = [type, before, after].some((value) => value !== undefined);
  const refuse = (message: string): never => {
    throw new GeminiWebhooksError('invalid_argument', message);
  };
  if (ids.length > 0 && all) refuse('Give ids or --all, not both.');
  if (ids.length > 0 && hasFilter)
    refuse('--type, --before and --after select events for --all: give them without ids.');
  if (ids.length === 0 && !all) refuse('Choose the events: give their ids, or --all with --type, --before or --after.');
  if (all && !yes && (needsYes || !hasFilter)) {
    const what = hasFilter ? 'Every event that matches' : 'Every failed event of the queue';
    refuse(`${what} would be ${done}. Add --yes to confirm.`);
  }
}
