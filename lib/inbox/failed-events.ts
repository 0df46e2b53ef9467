import { GeminiWebhooksError } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { HandlerSettlement } from '../handlers/dispatch.js';

/** An event whose attempts are exhausted, or of which a handler failed for good. */
export interface FailedEvent {
  /** What `get`, `replay` and `discard` take. */
  readonly id: string;
  /** As the catalogue names it. */
  readonly type: string;
  /** `undefined` when another version of this package wrote it in a way that this one cannot read. */
  readonly event: GeminiEvent | undefined;
  /** How each handler that settled ended, by name. */
  readonly handlers: Readonly<Record<string, HandlerSettlement>>;
  readonly attempts: number;
  readonly reason: string;
  readonly failedAt: Date;
}

/** Which failed events. */
export interface FailedEventsFilter {
  /** As the catalogue names it. */
  readonly type?: string;
  /** Failed before this. */
  readonly before?: Date;
  /** Failed after this. */
  readonly after?: Date;
}

/** How a replay begins. */
export interface ReplayOptions {
  /**
   * `start` runs every handler again, `failed` those that have not succeeded.
   * @default 'failed'
   */
  readonly from?: 'failed' | 'start';
}

/** What a durable engine can do with failed events. */
export interface FailedEventStore {
  list(filter?: FailedEventsFilter & { readonly offset?: number; readonly limit?: number }): Promise<FailedEvent[]>;
  get(id: string): Promise<FailedEvent | undefined>;
  replay(id: string, options?: ReplayOptions): Promise<void>;
  replayAll(filter?: FailedEventsFilter & ReplayOptions): Promise<number>;
  discard(id: string): Promise<void>;
}

/** The events that could not be handled: to be looked at, and tried again once the reason is gone. */
export class GeminiFailedEvents implements FailedEventStore {
  readonly #store: FailedEventStore | undefined;

  constructor(store: FailedEventStore | undefined) {
    this.#store = store;
  }

  /**
   * Failed events, the latest first.
   * @throws GeminiWebhooksError `invalid_argument` on the inline inbox; `inbox_unavailable` while the store is down
   */
  async list(
    filter: FailedEventsFilter & { readonly offset?: number; readonly limit?: number } = {},
  ): Promise<FailedEvent[]> {
    return this.#required().list(filter);
  }

  /** One failed event; `undefined` when there is none of that id. */
  async get(id: string): Promise<FailedEvent | undefined> {
    return this.#required().get(id);
  }

  /** Tries a failed event again, with all its attempts. */
  async replay(id: string, options: ReplayOptions = {}): Promise<void> {
    return this.#required().replay(id, options);
  }

  /** Tries all that match again, and tells how many. */
  async replayAll(filter: FailedEventsFilter & ReplayOptions = {}): Promise<number> {
    return this.#required().replayAll(filter);
  }

  /** Puts a failed event away. Its key stays taken: another delivery of it is a duplicate. */
  async discard(id: string): Promise<void> {
    return this.#required().discard(id);
  }

  #required(): FailedEventStore {
    if (this.#store) return this.#store;
    throw new GeminiWebhooksError(
      'invalid_argument',
      'The inline inbox keeps no failed events: Gemini holds them and delivers them again for 24 hours. bullmqInbox keeps them.',
    );
  }
}
