import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { DispatchOutcome } from '../handlers/dispatch.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { checkWholeNumbers } from '../whole-number.js';
import { settlesWithin } from '../with-timeout.js';
import { DeliveryLedger, LedgerEntry } from './delivery-ledger.js';
import type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from './inbox-engine.js';
import { InlineJobTracker } from './inline-job-tracker.js';

/** Options of `inlineInbox`. */
export interface InlineInboxOptions {
  /**
   * How long a delivery waits for its handlers, in milliseconds. Past it the answer is 503 `still_processing`; the
   * handlers go on, and Google's retry finds them done or still running.
   * @default 5000
   */
  readonly ackTimeoutMs?: number;
  /**
   * How many events are remembered.
   * @default 100000
   */
  readonly maxEntries?: number;
  /**
   * How long an event is remembered, in milliseconds.
   * @default 172800000 (48 h: twice the time for which Google retries)
   */
  readonly retentionMs?: number;
  /**
   * How long shutdown waits for handlers that are running, in milliseconds, before it aborts their `context.signal`.
   * @default 10000
   */
  readonly drainTimeoutMs?: number;
}

/**
 * Handlers run while Google waits: 200 says that all are done, and until then Gemini, which retries for 24 hours, is the
 * queue. Needs no server. "Once" holds within one process's life: after a restart, or on another replica, handlers of an
 * event that was not acknowledged run again.
 *
 * @example
 * GeminiWebhooksModule.forRoot({ inbox: inlineInbox({ ackTimeoutMs: 8_000 }) })
 *
 * @throws GeminiWebhooksError `invalid_option`
 */
export function inlineInbox(options: InlineInboxOptions = {}): InboxEngineFactory {
  const checked = checkWholeNumbers('inlineInbox', options, {
    ackTimeoutMs: { fallback: 5_000, least: 1, most: 600_000 },
    maxEntries: { fallback: 100_000, least: 1, most: 10_000_000 },
    retentionMs: { fallback: 172_800_000, least: 1, most: 30 * 86_400_000 },
    drainTimeoutMs: { fallback: 10_000, least: 0, most: 600_000 },
  });
  return (host) => new InlineInbox(host, checked);
}

class InlineInbox implements InboxEngine {
  readonly #host: InboxHost;
  readonly #options: Required<InlineInboxOptions>;
  readonly #ledger: DeliveryLedger<DispatchOutcome>;
  readonly #shutdown = new AbortController();
  readonly jobs: InlineJobTracker | undefined;
  readonly #slow = new OccasionalWarning(new Logger('GeminiWebhooks'));
  #closing: Promise<void> | undefined;

  constructor(host: InboxHost, options: Required<InlineInboxOptions>) {
    this.#host = host;
    this.#options = options;
    this.#ledger = new DeliveryLedger(options);
    this.jobs = host.jobs && new InlineJobTracker(host.jobs, (delivery) => this.accept(delivery), options);
  }

  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    if (this.#closing) throw new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
    const known = this.#ledger.find(delivery.key);
    if (known instanceof LedgerEntry && known.done) return { status: 'duplicate', httpStatus: 200 };
    const claim = known === undefined || known instanceof LedgerEntry ? this.#claim(delivery, known) : known;
    const outcome = await resultSoon(claim.result, this.#options.ackTimeoutMs);
    if (!outcome) throw this.#stillProcessing(delivery);
    if (outcome.retryable.length > 0) {
      throw new GeminiWebhooksError(
        'handler_failed',
        `${outcome.retryable.join(', ')} failed for ${delivery.event.type} ${delivery.id}.`,
      );
    }
    return { status: claim === known ? 'duplicate' : 'processed', httpStatus: 200 };
  }

  #claim(delivery: VerifiedDelivery, known: LedgerEntry | undefined) {
    const entry = known ?? new LedgerEntry();
    return this.#ledger.claim(delivery.key, entry, async () => {
      const attempt = entry.nextAttempt();
      if (attempt === 1) this.#host.announce(delivery);
      const outcome = await this.#host.dispatch(delivery, {
        attempt,
        checkpoints: entry,
        signal: this.#shutdown.signal,
      });
      if (outcome.retryable.length === 0) entry.finish();
      return outcome;
    });
  }

  #stillProcessing(delivery: VerifiedDelivery): GeminiWebhooksError {
    const { ackTimeoutMs } = this.#options;
    this.#slow.warn(
      `The handlers of ${delivery.event.type} ${delivery.id} took longer than ackTimeoutMs (${ackTimeoutMs} ms): answered 503, Google tries again. ` +
        'Work that takes long, or more than one replica, wants bullmqInbox.',
    );
    return new GeminiWebhooksError('still_processing', `The handlers took longer than ${ackTimeoutMs} ms.`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    this.jobs?.close();
    const running = Promise.allSettled(this.#ledger.running);
    if (await settlesWithin(running, this.#options.drainTimeoutMs)) return;
    // What they do not finish was never acknowledged: Google delivers it again.
    this.#shutdown.abort(new GeminiWebhooksError('closed', 'The app is shutting down.'));
  }
}

/**
 * What the work comes to, or `undefined` once it has taken `timeoutMs`. Most work ends before the process turns to
 * anything else, and is spared the timer.
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
