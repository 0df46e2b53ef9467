import type { Command } from 'commander';
import { GeminiWebhooksError } from '../../errors.js';
import { catalogueType } from '../../events/event-catalogue.js';
import { suggestedEvent } from '../../events/suggested-event.js';
import type { FailedDeliveries } from '../../bullmq/deliveries/failed-deliveries.js';
import { time } from '../arguments.js';

type FailedEventsFilter = NonNullable<Parameters<FailedDeliveries['list']>[0]>;

/** Options that select failed events. */
export interface FilterOptions {
  readonly type?: string;
  readonly before?: Date;
  readonly after?: Date;
}

/** Adds `--type`, `--before` and `--after`. */
export function withFilters(command: Command): Command {
  return command
    .option('--type <type>', 'only events of this type')
    .option('--before <time>', 'only events that failed before: ISO 8601, or 3d for three days ago', time)
    .option('--after <time>', 'only events that failed after: ISO 8601, or 2h for the last two hours', time);
}

/** @throws GeminiWebhooksError `invalid_argument` for a range that no event is in */
export function filterOf({ type, before, after }: FilterOptions): FailedEventsFilter {
  if (before && after && after >= before)
    throw new GeminiWebhooksError('invalid_argument', '--after must be earlier than --before.');
  return {
    ...(type !== undefined && { type: catalogueType(type) ?? type }),
    ...(before && { before }),
    ...(after && { after }),
  };
}

/** Returns a warning about a type that Gemini does not have, which is most likely misspelled. */
export function typeWarning({ type }: FilterOptions): string | undefined {
  return type === undefined || catalogueType(type) ? undefined : `Gemini has no event ${type}.${suggestedEvent(type)}`;
}
