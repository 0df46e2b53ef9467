import { GeminiWebhooksError } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { HandlerSettlement } from '../handlers/dispatch.js';
import { checkNames } from '../shared/check-object.js';

/** An event whose attempts are exhausted, or one of whose handlers failed for good. */
export interface FailedEvent {
  /** Id for `get`, `replay` and `discard`. */
  readonly id: string;
  /** Type as the catalogue names it. */
  readonly type: string;
  /** `undefined` if another version of this package wrote it in a form that this one cannot read. */
  readonly event: GeminiEvent | undefined;
  /** Result of each completed handler, by name. */
  readonly handlers: Readonly<Record<string, HandlerSettlement>>;
  /** Names of the handlers that have not completed: their attempts are exhausted, or no worker has run them. */
  readonly unfinished: readonly string[];
  readonly attempts: number;
  readonly reason: string;
  readonly failedAt: Date;
}

/** Selects failed events. */
export interface FailedEventsFilter {
  /** Type as the catalogue names it. */
  readonly type?: string;
  /** Selects events that failed before this time. */
  readonly before?: Date;
  /** Selects events that failed after this time. */
  readonly after?: Date;
}

/** Options of a replay. */
export interface ReplayOptions {
  /**
   * `start` runs every handler again, `failed` those that have not succeeded.
   * @default 'failed'
   */
  readonly from?: 'failed' | 'start';
}

/** Failed events of a durable engine. */
export interface FailedEventStore {
  list(filter?: FailedEventsFilter & { readonly offset?: number; readonly limit?: number }): Promise<FailedEvent[]>;
  get(id: string): Promise<FailedEvent | undefined>;
  replay(id: string, options?: ReplayOptions): Promise<void>;
  replayAll(filter?: FailedEventsFilter & ReplayOptions): Promise<number>;
  discard(id: string): Promise<void>;
}

/** Lists the events that could not be handled, and replays them once the cause is fixed. */
export class GeminiFailedEvents implements FailedEventStore {
  readonly #store: FailedEventStore | undefined;

  constructor(store: FailedEventStore | undefined) {
    this.#store = store;
  }

  /**
   * Returns failed events, the latest first: `limit` of them (100 by default) from `offset` (0 by default). Without a filter
   * only those are read; with a filter on Redis, all that failed after `after`.
   * @throws GeminiWebhooksError `invalid_argument` on the inline inbox, for an unknown option, and for an invalid date, `offset` or `limit`;
   * `inbox_unavailable` while the store is down, or when a request to it takes longer than 30 s
   */
  async list(
    filter: FailedEventsFilter & { readonly offset?: number; readonly limit?: number } = {},
  ): Promise<FailedEvent[]> {
    check('list', filter, { ...FILTER, offset: true, limit: true });
    return this.#required().list(filter);
  }

  /** Returns one failed event; `undefined` if none has that id. */
  async get(id: string): Promise<FailedEvent | undefined> {
    return this.#required().get(id);
  }

  /**
   * Replays a failed event with a new set of attempts.
   * @throws GeminiWebhooksError as `list` does, and `invalid_argument` if the event is not or no longer failed
   */
  async replay(id: string, options: ReplayOptions = {}): Promise<void> {
    check('replay', options, REPLAY);
    return this.#required().replay(id, options);
  }

  /**
   * Replays the events that match and have failed by now, and returns how many. An event that fails again during the run is
   * not replayed twice. Events are replayed some hundreds at a time: after an error, repeat the call for the others.
   * @throws GeminiWebhooksError as `list` does; the message of `inbox_unavailable` says how many were replayed
   */
  async replayAll(filter: FailedEventsFilter & ReplayOptions = {}): Promise<number> {
    check('replayAll', filter, { ...FILTER, ...REPLAY });
    return this.#required().replayAll(filter);
  }

  /** Discards a failed event. Its key stays in use: another delivery of it is a duplicate. */
  async discard(id: string): Promise<void> {
    return this.#required().discard(id);
  }

  #required(): FailedEventStore {
    if (this.#store) return this.#store;
    throw new GeminiWebhooksError(
      'invalid_argument',
      'The inline inbox stores no failed events: Gemini keeps them and retries for 24 hours. Use bullmqInbox to store them.',
    );
  }
}

const FILTER: Readonly<Record<keyof FailedEventsFilter, true>> = { type: true, before: true, after: true };
const REPLAY: Readonly<Record<keyof ReplayOptions, true>> = { from: true };

/** Rejects what plain JavaScript can pass: a misspelled filter would replay every failed event. */
function check(
  method: string,
  options: FailedEventsFilter & ReplayOptions,
  names: Readonly<Record<string, true>>,
): void {
  const owner = `GeminiFailedEvents.${method}`;
  checkNames(owner, options, names, { code: 'invalid_argument' });
  if (options.from === undefined || ['failed', 'start'].includes(options.from)) return;
  throw new GeminiWebhooksError('invalid_argument', `${owner}: from: give 'failed' or 'start'.`);
}
