import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { decidedDelivery, type VerifiedDelivery } from '../events/verified-delivery.js';
import type { DispatchOutcome } from '../handlers/dispatch.js';
import { checkNames } from '../shared/check-object.js';
import { counted } from '../shared/counted.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import { checkWholeNumbers } from '../config/numbers.js';
import { settlesWithin } from '../shared/timeouts.js';
import { DedupeCache, DedupeEntry, type RunningClaim } from './dedupe-cache.js';
import { noteFinalFailures } from './final-failures.js';
import type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from './inbox-engine.js';
import type { GeminiInboxStats, InboxHealth } from './inbox-stats.js';
import { InlineJobTracker } from './inline-job-tracker.js';
import { fullWarning, isPolled, slowWarning, undrainedInlineWarning } from './inline-warnings.js';
import { estimatedBytes, MemoryBudget } from './memory-budget.js';

/** Options of `inlineInbox`. */
export interface InlineInboxOptions {
  /**
   * How long a delivery waits for its handlers, in milliseconds. After that the response is 503 `still_processing`; the
   * handlers keep running, and Google's retry finds them done or still running.
   * @default 5000
   */
  readonly ackTimeoutMs?: number;
  /**
   * Max number of remembered events.
   * @default 100000
   */
  readonly maxEntries?: number;
  /**
   * Max memory of the events whose handlers run, in bytes, estimated from their bodies. Beyond it the response is 503
   * `inbox_unavailable`, and Google retries. A single event is accepted whatever its size.
   * @default 134217728 (128 MiB)
   */
  readonly maxBytes?: number;
  /**
   * How long an event is remembered, in milliseconds.
   * @default 172800000 (48 h: twice the time for which Google retries)
   */
  readonly retentionMs?: number;
  /**
   * How long shutdown waits for running handlers, in milliseconds, before it aborts their `context.signal`.
   * @default 10000
   */
  readonly drainTimeoutMs?: number;
}

/**
 * Runs handlers while Google waits: 200 means that all of them are done. Until then Gemini, which retries for 24 hours, is
 * the queue. Needs no server. Each handler runs once per process: after a restart, or on another replica, handlers of an
 * event that was not acknowledged run again.
 *
 * @example
 * GeminiWebhooksModule.forRoot({ inbox: inlineInbox({ ackTimeoutMs: 8_000 }) })
 *
 * @throws GeminiWebhooksError `invalid_option`
 */
export function inlineInbox(options: InlineInboxOptions = {}): InboxEngineFactory {
  checkIsCalled(options);
  checkNames('inlineInbox', options, RULES);
  const checked = checkWholeNumbers('inlineInbox', options, RULES);
  return (host) => new InlineInbox(host, checked);
}

const RULES = {
  ackTimeoutMs: { fallback: 5_000, min: 1, max: 600_000 },
  maxEntries: { fallback: 100_000, min: 1, max: 10_000_000 },
  maxBytes: { fallback: 134_217_728, min: 1, max: 1_099_511_627_776 },
  retentionMs: { fallback: 172_800_000, min: 1, max: 30 * 86_400_000 },
  drainTimeoutMs: { fallback: 10_000, min: 0, max: 600_000 },
};

/** Rejects `inbox: inlineInbox`, which the module would call with a host. */
function checkIsCalled(options: InlineInboxOptions | null): void {
  if (typeof options === 'object' && options !== null && 'dispatch' in options)
    throw new GeminiWebhooksError('invalid_option', 'GeminiWebhooksModule: inbox: call it, as in inlineInbox().');
}

class InlineInbox implements InboxEngine {
  readonly #host: InboxHost;
  readonly #options: Required<InlineInboxOptions>;
  readonly #seen: DedupeCache<DispatchOutcome>;
  readonly #shutdown = new AbortController();
  readonly jobs: InlineJobTracker | undefined;
  readonly #memory: MemoryBudget;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #slow = new OccasionalWarning(this.#logger);
  readonly #overload = new OccasionalWarning(this.#logger);
  /** Keys of the events that are being handled and that Google has not sent meanwhile. */
  readonly #polled = new Set<string>();
  #closing: Promise<void> | undefined;

  constructor(host: InboxHost, options: Required<InlineInboxOptions>) {
    this.#host = host;
    this.#options = options;
    this.#seen = new DedupeCache(options);
    this.#memory = new MemoryBudget(options.maxBytes);
    this.jobs = host.jobs && new InlineJobTracker(host.jobs, (delivery) => this.accept(delivery), options);
  }

  start(): void {
    this.jobs?.start();
  }

  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    if (this.#closing) throw new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
    const known = this.#seen.find(delivery.key);
    if (known instanceof DedupeEntry && known.done) return { status: 'duplicate', httpStatus: 200 };
    const isCopy = known !== undefined && !(known instanceof DedupeEntry);
    const outcome = await (isCopy ? this.#join(delivery, known) : this.#run(delivery, known));
    if (!outcome) throw this.#stillProcessing(delivery);
    if (outcome.retryable.length > 0) {
      throw new GeminiWebhooksError(
        'handler_failed',
        `${outcome.retryable.join(', ')} failed for ${delivery.event.type} ${delivery.id}.`,
      );
    }
    const receipt: InboxReceipt = { status: isCopy ? 'duplicate' : 'processed', httpStatus: 200 };
    return outcome.final.length === 0 ? receipt : noteFinalFailures(receipt, outcome.final);
  }

  /** Waits for the running attempt. A copy of the event uses memory while it waits. */
  async #join(
    delivery: VerifiedDelivery,
    { result }: RunningClaim<DispatchOutcome>,
  ): Promise<DispatchOutcome | undefined> {
    if (!isPolled(delivery)) this.#polled.delete(delivery.key);
    const release = this.#reserve(delivery);
    try {
      return await resultSoon(result, this.#options.ackTimeoutMs);
    } finally {
      release();
    }
  }

  async #run(delivery: VerifiedDelivery, known: DedupeEntry | undefined): Promise<DispatchOutcome | undefined> {
    if (this.#seen.isFull) throw this.#full(delivery);
    const release = this.#reserve(delivery);
    const { result } = this.#claim(delivery, known);
    if (isPolled(delivery)) this.#notePolled(delivery, result);
    // A handler that outlives its timeout keeps the event in memory while it runs.
    void result.then(({ overdue }) => (overdue ? void overdue.then(release) : release()), release);
    return resultSoon(result, this.#options.ackTimeoutMs);
  }

  #notePolled({ key }: VerifiedDelivery, result: Promise<DispatchOutcome>): void {
    this.#polled.add(key);
    const end = () => this.#polled.delete(key);
    result.then(end, end);
  }

  /**
   * @returns a function that releases the memory
   * @throws GeminiWebhooksError `inbox_unavailable` when the memory limit is reached
   */
  #reserve(delivery: VerifiedDelivery): () => void {
    const bytes = estimatedBytes(delivery.body);
    if (!this.#memory.tryReserve(bytes)) throw this.#full(delivery);
    return () => this.#memory.release(bytes);
  }

  #full(delivery: VerifiedDelivery): GeminiWebhooksError {
    const { running } = this.#seen.size;
    const load = `${counted(running, 'event')} ${running === 1 ? 'is' : 'are'} being handled (about ${Math.round(this.#memory.reserved / 1e6)} MB), the limit of the inline inbox`;
    this.#overload.warn(fullWarning(delivery, load));
    return new GeminiWebhooksError('inbox_unavailable', `${load}.`);
  }

  #claim(delivery: VerifiedDelivery, known: DedupeEntry | undefined) {
    const entry = known ?? new DedupeEntry();
    return this.#seen.claim(delivery.key, entry, async () => {
      if (entry.decided === undefined) {
        const decided = this.#host.decide?.(delivery);
        // Most events are decided synchronously: then dispatch starts within the call of `accept`, before its first `await`.
        entry.decide(decided instanceof Promise ? await decided : decided);
      }
      const decided = entry.decided ? decidedDelivery(delivery, entry.decided) : delivery;
      const attempt = entry.nextAttempt();
      if (attempt === 1) this.#host.announce(decided);
      const outcome = await this.#host.dispatch(decided, {
        attempt,
        checkpoints: entry,
        begin: (handler) => entry.begin(handler),
        signal: this.#shutdown.signal,
      });
      if (outcome.retryable.length === 0) entry.finish();
      return outcome;
    });
  }

  #stillProcessing(delivery: VerifiedDelivery): GeminiWebhooksError {
    const { ackTimeoutMs } = this.#options;
    const known = this.#seen.find(delivery.key);
    const running = known && !(known instanceof DedupeEntry) ? known.entry.running : [];
    this.#slow.warn(slowWarning(delivery, ackTimeoutMs, running));
    return new GeminiWebhooksError('still_processing', `The handlers took longer than ${ackTimeoutMs} ms.`);
  }

  async stats(): Promise<GeminiInboxStats> {
    const now = Date.now();
    return {
      waiting: 0,
      active: this.#seen.size.running,
      delayed: 0,
      failed: 0,
      oldestAgeMs: Math.max(now - (this.#seen.oldestStartedAt ?? now), 0),
    };
  }

  async health(): Promise<InboxHealth> {
    return { store: 'none', worker: this.#closing ? 'stopped' : 'running', stats: await this.stats() };
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    this.jobs?.close();
    const running = Promise.allSettled(this.#seen.running);
    if (await settlesWithin(running, this.#options.drainTimeoutMs)) return;
    const events = { events: this.#seen.size.running, polled: this.#polled.size };
    this.#logger.warn(undrainedInlineWarning(events, this.#options.drainTimeoutMs, this.#seen.runningHandlers));
    // Google retries what it sent and they do not finish, because it was never acknowledged.
    this.#shutdown.abort(new GeminiWebhooksError('closed', 'The app is shutting down.'));
  }
}

/**
 * Returns the result of the work, or `undefined` after `timeoutMs`. Most work ends within the current tick, so no timer is
 * created for it.
 */
function resultSoon<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const done = (result: Result | undefined) => {
      settled = true;
      resolve(result);
    };
    work.then(done, reject);
    process.nextTick(() => {
      if (!settled) void settlesWithin(work, timeoutMs).then((inTime) => inTime || done(undefined));
    });
  });
}
