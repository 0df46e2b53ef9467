import type { DecidedEvent, VerifiedDelivery } from '../events/verified-delivery.js';
import type { EventHandler } from '../handlers/event-handler.js';
import type { FailedEventStore } from './failed-events.js';
import type { DispatchOutcome, DispatchRun } from '../handlers/dispatch.js';
import type { GeminiInboxStats, InboxHealth } from './inbox-stats.js';
import type { JobTracker, JobTracking } from './job-tracker.js';

/** Result of accepting a delivery. */
export interface InboxReceipt {
  readonly status: 'processed' | 'duplicate' | 'accepted';
  /** Response status for Google. A 2xx means that the event can no longer be lost. */
  readonly httpStatus: 200 | 202;
}

/**
 * Owns events from the 2xx on. Engines do not depend on Nest: they receive a host and call it.
 */
export interface InboxEngine {
  /** Starts the engine. Called once, when the app is ready to handle events. */
  start?(): Promise<void> | void;
  /**
   * Accepts a delivery and resolves once the event is safely stored or handled.
   *
   * @throws GeminiWebhooksError `handler_failed`, `still_processing` or `inbox_unavailable`: Google retries the event
   */
  accept(delivery: VerifiedDelivery): Promise<InboxReceipt>;
  /** `false` for an engine that only receives in this process and runs no handlers here. */
  readonly hasWorkers?: boolean;
  /**
   * Counts the events, for `GeminiInbox.stats`.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` if the store does not answer in time
   */
  stats?(): Promise<GeminiInboxStats>;
  /** Returns the state of the store and the worker, for `GeminiWebhooksHealth`. Bounded in time, and never rejects. */
  health?(): Promise<InboxHealth>;
  /** Events that could not be handled, if the engine stores them. */
  readonly failedEvents?: FailedEventStore;
  /** Record of Gemini jobs, if the engine keeps one. */
  readonly jobs?: JobTracker | undefined;
  /**
   * Runs the work while it holds the lock of that name, which all processes on the same store share. `held` aborts when the
   * lock is lost. Absent if the engine has no locks.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` when the lock cannot be acquired within `waitMs`, or when the store does
   * not answer for `outageMs` meanwhile
   */
  lock?<Result>(
    name: string,
    work: (held: AbortSignal) => Promise<Result>,
    options: { readonly waitMs: number; readonly outageMs?: number },
  ): Promise<Result>;
  /**
   * Refuses new deliveries, waits for running handlers up to a limit, and releases its resources. Also called while `start`
   * is running, which must then leave nothing open.
   */
  close(): Promise<void>;
}

/** Creates the engine of a module instance. `inlineInbox()` and `bullmqInbox()` return one. */
export type InboxEngineFactory = (host: InboxHost) => InboxEngine;

/** What a durable engine needs to continue traces. */
export interface DeliveryTraces {
  /** Returns the position in the trace of the delivery that is being accepted, to be stored with it; `undefined` without one. */
  carrier(): Readonly<Record<string, string>> | undefined;
  /** Runs the work at a stored position. If a span is active, for example one of the queue's own, it remains the parent. */
  resume<Result>(carrier: Readonly<Record<string, string>> | undefined, work: () => Result): Result;
}

/** What the module provides to an engine. */
export interface InboxHost {
  /** Name of the module instance. */
  readonly registration: string;
  /** Max age of a delivery's timestamp in seconds. Keep event keys for longer than Google's retries and this. */
  readonly toleranceSeconds: number;
  /** URL of a durable engine's store, from the environment. */
  readonly inboxUrl?: string | undefined;
  /** Returns the handlers of this app, once it is ready to handle events. */
  handlers(): readonly Pick<EventHandler, 'name' | 'patterns' | 'isInternal'>[];
  /**
   * Decides which event handlers receive if that differs from the sent one: Google has several events for the end of a video
   * job. Call it before `announce` and `dispatch`, and keep the result for later attempts.
   *
   * @returns `undefined` for an event that stays as sent
   * @throws GeminiWebhooksError `still_processing` while Gemini cannot be polled: retry the delivery later
   */
  decide?(delivery: VerifiedDelivery): DecidedEvent | undefined | Promise<DecidedEvent | undefined>;
  /** Runs the handlers of an event that have not completed yet, concurrently. Never rejects because of a handler. */
  dispatch(delivery: VerifiedDelivery, run: DispatchRun): Promise<DispatchOutcome>;
  /** Tracking of Gemini jobs; absent without a Gemini client. */
  readonly jobs?: JobTracking | undefined;
  /** Continues the trace of a delivery in the process that handles its event; absent without `@opentelemetry/api`. */
  readonly traces?: DeliveryTraces | undefined;
  /** Publishes an accepted event to the bus. Call it once for each event. */
  announce(delivery: VerifiedDelivery): void;
}
