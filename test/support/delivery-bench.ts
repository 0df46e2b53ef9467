import type { Job } from 'bullmq';
import { INBOX_TIMING } from '../../lib/bullmq/bullmq-inbox.options.js';
import { CompletedHandlersCache } from '../../lib/bullmq/deliveries/completed-handlers.js';
import { deliveryProcessor } from '../../lib/bullmq/deliveries/delivery-processor.js';
import { HandlerRoster } from '../../lib/bullmq/peers/handler-roster.js';
import { toDeliveryJobData, type DeliveryJobData } from '../../lib/bullmq/store/delivery-job.js';
import type { GeminiEventPattern } from '../../lib/events/gemini-event.js';
import type { DispatchOutcome } from '../../lib/handlers/dispatch.js';
import type { InboxHost } from '../../lib/inbox/inbox-engine.js';
import { deliveryOf } from './deliveries.js';

const HAND_OFF = { requeuesBeforeDelay: 0, requeueDelayMs: 1 };

/** A delivery job, a clock and peers in memory. */
export class DeliveryBench {
  now = Date.now();
  moves: string[] = [];
  /** Times until which the event was postponed. */
  readonly postponedTo: number[] = [];
  /** More of the app, such as how it decides which event handlers receive. */
  host: Partial<InboxHost> = {};
  published = 0;
  failPublish = false;
  /** Resolves when the message to the other processes is sent. */
  publishing: Promise<void> = Promise.resolve();
  attempts: number[] = [];
  readonly lastAttempts: (boolean | undefined)[] = [];
  logged: string[] = [];
  troubles: string[] = [];
  waits: string[] = [];
  givenUp: string[] = [];
  ran: string[] = [];
  readonly wantedElsewhere: (boolean | undefined)[] = [];
  full = false;
  readonly leaving = new AbortController();
  readonly shutdown = new AbortController();
  /** False once another worker has taken the event over. */
  hasLock = true;
  lockChecks = 0;
  /** Name of the worker's only handler. */
  handler = 'mine';
  patterns: readonly GeminiEventPattern[] = ['*'];
  /** True if the worker has only the module's own handler. */
  isInternal = false;
  /** What the handler does before it ends. */
  handle: () => Promise<void> = async () => undefined;
  memory = new CompletedHandlersCache();
  outcome: DispatchOutcome = { retryable: [], final: [] };
  readonly roster = new HandlerRoster(() => this.now);
  readonly job = {
    id: 'e1',
    data: toDeliveryJobData(deliveryOf()),
    progress: {} as object,
    attemptsMade: 0,
    opts: { attempts: 3 },
    updateProgress: async (progress: object) => {
      if (this.full) throw new Error('OOM command not allowed');
      this.job.progress = JSON.parse(JSON.stringify(progress)) as object;
    },
    extendLock: async (): Promise<number> => {
      this.lockChecks += 1;
      return Number(this.hasLock);
    },
    log: async (line: string) => this.logged.push(line),
    moveToDelayed: async (at: number) => {
      this.moves.push('delayed');
      this.postponedTo.push(at);
    },
    updateData: async (data: DeliveryJobData) => {
      this.job.data = data;
    },
    moveToWait: async () => void this.moves.push('waiting'),
    moveToCompleted: async (): Promise<unknown> => this.complete(),
  };
  /** What the store does when the event completes. */
  complete: () => Promise<unknown> = async () => undefined;

  /** Returns the error that the processor throws, if any. */
  async work(): Promise<Error | undefined> {
    const host: InboxHost = {
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => [{ name: this.handler, patterns: this.patterns, isInternal: this.isInternal }],
      dispatch: async (_delivery, { attempt, isLast, isWantedElsewhere, checkpoints }) => {
        this.attempts.push(attempt);
        this.wantedElsewhere.push(isWantedElsewhere);
        this.lastAttempts.push(isLast);
        const { retryable, final } = this.outcome;
        if (retryable.length === 0 && this.patterns.length > 0 && !checkpoints.has(this.handler)) {
          this.ran.push(this.handler);
          await this.handle();
          await checkpoints.settle(this.handler, final.includes(this.handler) ? 'failed' : 'succeeded');
        }
        return this.outcome;
      },
      announce: () => undefined,
      ...this.host,
    };
    const publish = async () => {
      if (this.failPublish) throw new Error('no connection');
      await this.publishing;
      this.published += 1;
    };
    const peers = { publish, handlersFor: async (type: string) => this.roster.matching(type) };
    const processor = await deliveryProcessor(host, peers, {
      leaving: this.leaving.signal,
      shutdown: this.shutdown.signal,
      storeWaitSignal: new AbortController().signal,
      handOffPolicy: HAND_OFF,
      completedHandlers: this.memory,
      lockDurationMs: 30_000,
      storeRetryMs: 0,
      load: async () => ({ progress: this.job.progress }),
      handlerWaitMs: INBOX_TIMING.handlerWaitMs,
      onStoreFailure: (message) => this.troubles.push(message),
      onMissingHandlers: (message) => this.waits.push(message),
      onGivenUp: (message) => this.givenUp.push(message),
      now: () => this.now,
    });
    try {
      const job = Object.assign(this.job as unknown as Job<DeliveryJobData, void, string>, {
        moveToCompleted: () => this.complete(),
      });
      await processor(job, 'token');
      await this.job.moveToCompleted();
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Lets another worker, whose only handler has this name, process the event as it is stored now. */
  handOverTo(handler: string, { isInternal = false } = {}): DeliveryBench {
    const other = new DeliveryBench();
    Object.assign(other, { handler, isInternal, now: this.now });
    Object.assign(other.job, { ...this.job, updateProgress: other.job.updateProgress, log: other.job.log });
    Object.assign(other.job, { moveToDelayed: async () => void other.moves.push('delayed') });
    return other;
  }

  /** Adds the heartbeat of a receive-only process. */
  receiver(name: string, patterns: readonly GeminiEventPattern[] = ['batch.*']): void {
    this.roster.update({ node: 'web', works: false, handlers: [], idle: [{ name, patterns }] });
  }

  /** Adds the heartbeat of another worker. */
  elsewhere(name: string, patterns: readonly GeminiEventPattern[] = ['batch.*']): void {
    this.roster.update({ node: 'other', works: true, handlers: [{ name, patterns }] });
  }
}
