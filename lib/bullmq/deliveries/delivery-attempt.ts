import { messageOf } from '../../errors.js';
import { decidedDelivery, type DecidedEvent, type VerifiedDelivery } from '../../events/verified-delivery.js';
import type { DispatchOutcome } from '../../handlers/dispatch.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import { fromDeliveryJobData, withDecision } from '../store/delivery-job.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import { loadBullmq } from '../store/optional-peers.js';
import type { CompletedHandlers } from './completed-handlers.js';
import { DeliveryCheckpoints, type CheckpointOptions, type DeliveryProgress } from './delivery-checkpoints.js';
import { postponeForStore } from './postpone-for-store.js';
import { RetryBudget } from './retry-budget.js';
import { retryDelayMs } from './retry-delay.js';
import { postponeUndecided } from './undecided-events.js';

/** Options of `DeliveryAttempt`. */
export interface DeliveryAttemptOptions {
  readonly lockDurationMs: number;
  /** How long an attempt retries failed store requests, in milliseconds. Less than half of its lock. */
  readonly storeRetryMs: number;
  /** Aborts during shutdown when waiting for the store must end. */
  readonly storeWaitSignal: AbortSignal;
  readonly load?: CheckpointOptions['load'];
  /** Called when a store request failed. */
  onStoreFailure(message: string): void;
  readonly now: () => number;
}

/**
 * One attempt at a delivery job: its event, its checkpoints, and the ways in which it ends without completing. Those resolve
 * with the error that the processor must throw.
 */
export class DeliveryAttempt {
  readonly job: DeliveryJob;
  readonly token: string | undefined;
  readonly checkpoints: DeliveryCheckpoints;
  /** From 1. */
  readonly number: number;
  readonly isLast: boolean;
  /** Delay of the next attempt after a failed handler, in milliseconds. */
  readonly retryInMs: number;
  readonly #options: DeliveryAttemptOptions;
  readonly #retryBudget: RetryBudget;

  constructor(
    job: DeliveryJob,
    token: string | undefined,
    { completed, ...options }: DeliveryAttemptOptions & { readonly completed: CompletedHandlers },
  ) {
    const { storeRetryMs, storeWaitSignal, load, onStoreFailure } = options;
    this.job = job;
    this.token = token;
    this.#options = options;
    this.#retryBudget = new RetryBudget(storeRetryMs, storeWaitSignal);
    this.checkpoints = new DeliveryCheckpoints(job, {
      completed,
      retryBudget: this.#retryBudget,
      onFailure: onStoreFailure,
      ...(load && { load }),
    });
    this.number = job.attemptsMade + 1;
    this.isLast = this.number >= (job.opts.attempts ?? 1);
    this.retryInMs = retryDelayMs(job.opts.backoff, this.number);
  }

  /** Returns the delivery as handlers receive it. Which event that is may have to be decided first. */
  async delivery(decide: InboxHost['decide']): Promise<VerifiedDelivery> {
    const sent = await this.#sentDelivery();
    const decision = await this.#decide(decide, sent);
    if (!decision) return sent;
    const delivery = decidedDelivery(sent, decision);
    // Stored in the job: later attempts and other processes see the same event.
    await this.#orPostpone(this.job.updateData(withDecision(this.job.data, decision)));
    return delivery;
  }

  async #sentDelivery(): Promise<VerifiedDelivery> {
    try {
      return fromDeliveryJobData(this.job.data);
    } catch (error) {
      const { UnrecoverableError } = await loadBullmq();
      throw new UnrecoverableError(messageOf(error));
    }
  }

  /** Resolves with `undefined` if the event stays as it is, or an earlier attempt has decided. */
  async #decide(decide: InboxHost['decide'], sent: VerifiedDelivery): Promise<DecidedEvent | undefined> {
    if (this.job.data.decided !== undefined) return undefined;
    try {
      return await decide?.(sent);
    } catch (error) {
      const { checkpoints, job, token } = this;
      throw await this.#orPostpone(postponeUndecided(job, token, { checkpoints, error, now: this.#options.now() }));
    }
  }

  async #orPostpone<Result>(request: Promise<Result>): Promise<Result> {
    try {
      return await request;
    } catch (error) {
      throw await this.postpone(error);
    }
  }

  /** Writes a line into the job's log. */
  async log(line: string): Promise<void> {
    try {
      await this.job.log(line);
    } catch (error) {
      this.#options.onStoreFailure(`A job's log could not be written: ${messageOf(error)}`);
    }
  }

  /** Logs one line, without the errors: they may contain anything and belong in the app's own log. */
  async logFailures({ retryable, final }: DispatchOutcome): Promise<void> {
    const failures = [...retryable.map((name) => `${name} failed`), ...final.map((name) => `${name} failed for good`)];
    if (failures.length > 0) await this.log(`attempt ${this.number}: ${failures.join(', ')}`);
  }

  /** Ends the attempt after the store failed. */
  postpone(error: unknown): Promise<Error> {
    this.#options.onStoreFailure(`The store failed, so an event is postponed: ${messageOf(error)}`);
    return postponeForStore(this.job, this.token, { error, retryBudget: this.#retryBudget });
  }

  /**
   * Stores which handlers have started and not completed. Once this process has left its peers, other workers learn from the
   * event only which handlers they must not complete it without. Not after the lock was lost: the progress is another worker's.
   */
  async keepUnfinished(changes: Pick<DeliveryProgress, 'waitingSince'>): Promise<void> {
    const { job, token = '' } = this;
    if (this.checkpoints.unfinished.length === 0) return;
    const isHeld = await job.extendLock(token, this.#options.lockDurationMs).catch(() => true);
    if (isHeld) await this.checkpoints.update(changes);
  }

  /** Ends the attempt for the shutdown of the app. It does not count, and another worker takes over. */
  async interrupt(): Promise<Error> {
    await this.keepUnfinished({});
    await this.checkpoints.flush();
    const error = 'the app is shutting down';
    return postponeForStore(this.job, this.token, { error, retryBudget: this.#retryBudget });
  }

  /** Ends the attempt so that the failed handlers are retried if attempts are left. */
  async retry(failed: readonly string[]): Promise<Error> {
    // A worker has run them: waiting for missing handlers starts over.
    await this.checkpoints.update({ waitingSince: undefined, ...(this.isLast && { givenUpAt: this.number }) });
    return new Error(`${failed.join(', ')} failed (attempt ${this.number}); the app's log has the reason`);
  }

  /** Ends the attempt so that the event is among the failed events. */
  async giveUp(reason: string): Promise<Error> {
    await this.checkpoints.update({ waitingSince: undefined, givenUpAt: this.number });
    const { UnrecoverableError } = await loadBullmq();
    return new UnrecoverableError(reason);
  }
}
