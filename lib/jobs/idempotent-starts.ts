import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { JobStart, TrackedJob } from '../inbox/job-tracker.js';
import { jobIdOfKey } from './job-ref.js';
import type { JobStarter, JobPlan } from './job-starter.js';
import { pause } from '../shared/pause.js';
import { Semaphore } from '../shared/semaphore.js';
import { digestOf } from './start-digest.js';
import type { JobStartsHost } from './job-starts-host.js';
import { StartRecovery, type Recovery } from './start-recovery.js';
import { isRefusal } from './start-refusal.js';

const KINDS = ['batch', 'video', 'interaction'] as const satisfies readonly GeminiResourceKind[];
const MAX_KEY_LENGTH = 500;
const RECHECK_MS = 1_000;
/** Max wait for another process that is starting the same job. */
const LOCK_WAIT_MS = 120_000;
/** Max wait for a store that does not answer: a start without a key fails within seconds, too. */
const OUTAGE_MS = 5_000;
/** Each lock uses its own connection, and a PostgreSQL server allows 100 by default, for all processes. */
const MAX_LOCKS = 8;

/** One call for a key. */
interface KeyedStart {
  /** Hash of the key. */
  readonly hash: string;
  /** Hash of the parameters. */
  readonly digest: string;
  readonly recovery: StartRecovery;
}

/**
 * Starts a job once for each `idempotencyKey`. The intent is recorded before the request, under an id derived from the key.
 * A start that was interrupted (the process died, or no response arrived) is recovered first: a batch by its display name,
 * others by the event that names them. The request is repeated only after `repeatStartAfterMs`, and that of a batch only if
 * Gemini lists no such batch then.
 */
export class IdempotentStarts {
  readonly #starter: JobStarter;
  readonly #host: JobStartsHost;
  readonly #logger = new Logger('GeminiWebhooks');
  /** The last start of each key in this process: starts of one key run one after another. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #locks = new Semaphore(MAX_LOCKS);
  #hasWarned = false;

  constructor(starter: JobStarter, host: JobStartsHost) {
    this.#starter = starter;
    this.#host = host;
  }

  /**
   * @throws GeminiWebhooksError `invalid_argument` for a key that was used with other parameters; TimeoutError if Gemini does
   *   not answer whether an interrupted start has become a batch; what the SDK throws
   */
  async start(plan: JobPlan, key: string): Promise<TrackedJob> {
    checkKey(key);
    this.#warnWithoutStore();
    const digest = digestOf(plan);
    const hash = createHash('sha256').update(`${this.#host.registration}\0${key}`).digest('base64url');
    const recovery = new StartRecovery(this.#host.tracker, this.#host.checker);
    for (;;) {
      const attempt = await this.#serialized(hash, () => this.#attempt(plan, key, { hash, digest, recovery }));
      if ('job' in attempt) return attempt.job;
      await pause(Math.min(attempt.waitMs, RECHECK_MS), this.#host.closing);
    }
  }

  async #attempt(plan: JobPlan, key: string, { hash, digest, recovery }: KeyedStart): Promise<Recovery> {
    const { tracker, repeatAfterMs } = this.#host;
    const found = await this.#find(hash);
    const start: JobStart = { digest, requestedAt: Date.now() };
    const id = jobIdOfKey(plan.kind, hash);
    if (!found) return { job: await this.#request(id, start, () => this.#starter.start(plan, id, start)) };
    if (found.kind !== plan.kind || found.start?.digest !== digest) throw reused(key, found);
    if (found.start.refused) {
      await tracker.remove(id);
      return { job: await this.#request(id, start, () => this.#starter.start(plan, id, start)) };
    }
    const name = found.name ?? this.#starter.unrecordedName(id);
    if (name !== undefined) return { job: { ...found, name } };
    const recovered = await recovery.look(found, found.start.requestedAt + repeatAfterMs);
    if (recovered) return recovered;
    this.#logger.warn(`The start of ${id} was interrupted and could not be recovered: the request is repeated.`);
    await tracker.recordStart(id, start);
    return { job: await this.#request(id, start, () => this.#starter.repeat(plan, { ...found, start })) };
  }

  async #find(hash: string): Promise<TrackedJob | undefined> {
    for (const kind of KINDS) {
      const found = await this.#host.tracker.find({ id: jobIdOfKey(kind, hash) });
      if (found) return found;
    }
    return undefined;
  }

  /** A refusal is final for these parameters. A request without a response may have started the job. */
  async #request(id: string, start: JobStart, request: () => Promise<TrackedJob>): Promise<TrackedJob> {
    try {
      return await request();
    } catch (error) {
      if (isRefusal(error)) await this.#recordRefusal(id, start);
      throw error;
    }
  }

  async #recordRefusal(id: string, start: JobStart): Promise<void> {
    try {
      await this.#host.tracker.recordStart(id, { ...start, refused: true });
    } catch (error) {
      this.#logger.warn(`Gemini refused to start ${id}, and the refusal could not be recorded: ${messageOf(error)}`);
    }
  }

  /** Runs one start at a time per key: in this process, and across processes if the inbox has locks. */
  async #serialized(hash: string, work: () => Promise<Recovery>): Promise<Recovery> {
    const previous = this.#queues.get(hash) ?? Promise.resolve();
    const run = previous.catch(() => undefined).then(() => this.#locked(hash, work));
    this.#queues.set(hash, run);
    try {
      return await run;
    } finally {
      if (this.#queues.get(hash) === run) this.#queues.delete(hash);
    }
  }

  async #locked(hash: string, work: () => Promise<Recovery>): Promise<Recovery> {
    const { lock, closing } = this.#host;
    if (!lock) return work();
    const release = await this.#locks.acquire(closing);
    try {
      return await lock(`job-start:${hash}`, work, { waitMs: LOCK_WAIT_MS, outageMs: OUTAGE_MS });
    } finally {
      release();
    }
  }

  #warnWithoutStore(): void {
    if (this.#hasWarned || this.#host.lock) return;
    this.#hasWarned = true;
    this.#logger.warn(
      'idempotencyKey: the inline inbox loses its jobs when the process ends, so a restart may start a job twice. Use bullmqInbox to start each job once.',
    );
  }
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH) return;
  const given = typeof key === 'string' ? `a string of ${key.length} characters` : `a ${typeof key}`;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: idempotencyKey: got ${given}. Give a string of 1 to ${MAX_KEY_LENGTH} characters.`,
  );
}

function reused(key: string, { id, kind }: TrackedJob): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: idempotencyKey: ${JSON.stringify(key)} has started ${id}, a ${kind} with different parameters. Give each job its own key.`,
  );
}
