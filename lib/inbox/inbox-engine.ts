import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { EventHandler } from '../handlers/event-handler.js';
import type { FailedEventStore } from './failed-events.js';
import type { DispatchOutcome, DispatchRun } from '../handlers/dispatch.js';
import type { JobTracker, JobTracking } from './job-tracker.js';

/** What became of a delivery that an inbox accepted. */
export interface InboxReceipt {
  readonly status: 'processed' | 'duplicate' | 'accepted';
  /** What to answer Google with. A 2xx means that the event can no longer be lost. */
  readonly httpStatus: 200 | 202;
}

/**
 * Custody of deliveries: who is responsible for an event from the 2xx on. Engines know nothing of Nest: they are given
 * a host and call it.
 */
export interface InboxEngine {
  /** Begins to work. Called once, when the app is ready to handle events. */
  start?(): Promise<void> | void;
  /**
   * Takes a delivery and resolves once that is safe.
   *
   * @throws GeminiWebhooksError `handler_failed`, `still_processing` or `inbox_unavailable`: Google keeps the event
   */
  accept(delivery: VerifiedDelivery): Promise<InboxReceipt>;
  /** The events that could not be handled, where the engine keeps them. */
  readonly failedEvents?: FailedEventStore;
  /** The record of jobs, where the engine keeps one. */
  readonly jobs?: JobTracker | undefined;
  /**
   * Runs the work while no other process of the fleet runs work of that name, where the engine can see to that. `held`
   * aborts when it cannot any more.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` when the lock is not to be had within `waitMs`
   */
  lock?<Result>(
    name: string,
    work: (held: AbortSignal) => Promise<Result>,
    options: { readonly waitMs: number },
  ): Promise<Result>;
  /** Takes no more, waits (bounded) for what runs, releases what it holds. */
  close(): Promise<void>;
}

/** Makes a registration's engine. `inlineInbox()` returns one; so does a durable inbox. */
export type InboxEngineFactory = (host: InboxHost) => InboxEngine;

/** What an engine is given. */
export interface InboxHost {
  /** The registration's name. */
  readonly registration: string;
  /** How far a delivery's timestamp may be from now, in seconds: a key must stay taken for longer than Google retries and this. */
  readonly toleranceSeconds: number;
  /** Where the environment says that a durable engine has its store. */
  readonly inboxUrl?: string | undefined;
  /** The handlers of this app, once it is ready to handle events. */
  handlers(): readonly Pick<EventHandler, 'name' | 'patterns'>[];
  /** Runs the handlers of an event that have not settled yet, side by side. Never rejects because of a handler. */
  dispatch(delivery: VerifiedDelivery, run: DispatchRun): Promise<DispatchOutcome>;
  /** How jobs are tracked; absent where nobody can ask Gemini. */
  readonly jobs?: JobTracking | undefined;
  /** Tells everyone who listens that an event was taken. Call it once for an event. */
  announce(delivery: VerifiedDelivery): void;
}
