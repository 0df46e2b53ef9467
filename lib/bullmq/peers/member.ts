import type { InboxHost } from '../../inbox/inbox-engine.js';
import type { RosterHandler } from './handler-roster.js';

/** A process as its peers see it. */
export interface Member {
  /** True if it runs workers. */
  readonly works: boolean;
  /** Handlers that it runs. */
  readonly handlers: readonly RosterHandler[];
  /** Handlers that it has but does not run. */
  readonly idle?: readonly RosterHandler[];
}

/** Returns what this process publishes about itself. It runs its handlers only if it runs workers. */
export function memberOf(host: Pick<InboxHost, 'handlers'>, workers: boolean): Member {
  if (workers) return { works: true, handlers: host.handlers() };
  const own = host.handlers().filter(({ isInternal }) => !isInternal);
  return { works: false, handlers: [], idle: own.map(({ name, patterns }) => ({ name, patterns })) };
}
