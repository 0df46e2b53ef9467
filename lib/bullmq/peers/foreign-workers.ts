import type { RosterEntry, RosterHandler } from './handler-roster.js';

const MAX_NAMED = 10;

/**
 * Returns a warning if a live worker shares no handler with this one: two apps use one queue, or a deploy has renamed
 * every handler.
 *
 * @param own handlers that this process runs
 */
export function foreignWorkersWarning(
  queueName: string,
  own: readonly RosterHandler[],
  workers: readonly Pick<RosterEntry, 'handlers'>[],
): string | undefined {
  const names = new Set(namesOf(own));
  const foreign = workers
    .map(({ handlers }) => namesOf(handlers))
    .find((theirs) => theirs.length > 0 && !theirs.some((name) => names.has(name)));
  if (names.size === 0 || !foreign) return undefined;
  return (
    `Another worker of the queue "${queueName}" has none of the handlers of this process, but ${foreign.slice(0, MAX_NAMED).join(', ')}. ` +
    'If it belongs to another app, give each app its own queueName: on one queue, each takes the events of the other and keeps them waiting. ' +
    'If you renamed the handlers, give them their old names, for which stored events wait.'
  );
}

/** Without the handlers of the module itself, which every app has. */
function namesOf(handlers: readonly RosterHandler[]): readonly string[] {
  return handlers.filter(({ isInternal }) => !isInternal).map(({ name }) => name);
}
