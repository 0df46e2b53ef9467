import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { JobStart, JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import { statusOf } from '../shared/http-status.js';
import type { GeminiWebhookConfig, JobStartOptions, JobWebhooks } from './job-webhooks.js';
import { UnrecordedNames } from './unrecorded-names.js';

/** A `webhookConfig`, possibly without metadata. */
export type JobWebhook = Pick<GeminiWebhookConfig, 'uris'> & Partial<GeminiWebhookConfig>;

/** The start of a job, as planned. */
export interface JobPlan extends JobStartOptions {
  readonly kind: GeminiResourceKind;
  /** The caller's parameters: the same `idempotencyKey` requires the same parameters. */
  readonly given: unknown;
  /** URIs of the caller's own webhook, which ours is added to. */
  readonly uris?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly displayName?: string | undefined;
  readonly tools?: boolean;
  readonly model?: string | undefined;
  /** `false` for a kind of job for which the API accepts no webhook. */
  readonly takesWebhook?: boolean;
  /**
   * Calls the SDK and resolves with Gemini's name for the job.
   *
   * @param timeoutMs time limit of the request if the client has none and the SDK would wait for ever
   */
  start(webhook: JobWebhook | undefined, id: string, timeoutMs?: number): Promise<string | undefined>;
}

/** Starts jobs so that none is lost: records the intent first, then sends the request. */
export class JobStarter {
  readonly #tracker: JobTracker;
  readonly #webhooks: JobWebhooks;
  readonly #names: UnrecordedNames;
  readonly #logger = new Logger('GeminiWebhooks');

  readonly #timeoutMs: number | undefined;

  /**
   * @param closing aborts when the app shuts down
   * @param timeoutMs time limit of a request with an `idempotencyKey`: it must end before it could be repeated
   */
  constructor(tracker: JobTracker, webhooks: JobWebhooks, closing?: AbortSignal, timeoutMs?: number) {
    this.#timeoutMs = timeoutMs;
    this.#tracker = tracker;
    this.#webhooks = webhooks;
    this.#names = new UnrecordedNames(tracker, closing);
  }

  /** Returns Gemini's name for a job that was started here, if the store could not record it yet. */
  unrecordedName(id: string): string | undefined {
    return this.#names.of(id);
  }

  /**
   * Records the job and starts it.
   *
   * @throws what the SDK throws
   */
  async start(plan: JobPlan, id: string, start?: JobStart): Promise<TrackedJob> {
    const { kind, uri, params = {}, metadata, tools, displayName, model, takesWebhook } = plan;
    const webhook = this.#webhooks.wanted(uri, takesWebhook);
    // Before the record: an invalid webhook must not start anything.
    const config = webhook ? await this.#webhookOf(plan, id) : undefined;
    const intent: TrackedJob = {
      id,
      kind,
      params,
      bound: webhook && this.#webhooks.bind,
      webhook,
      displayName: kind === 'batch' ? (displayName ?? id) : undefined,
      tools,
      model,
      metadata,
      start,
      createdAt: Date.now(),
    };
    await this.#tracker.add(intent);
    return this.#request(plan, intent, config);
  }

  /**
   * Repeats the request of a recorded job.
   *
   * @throws what the SDK throws
   */
  async repeat(plan: JobPlan, job: TrackedJob): Promise<TrackedJob> {
    return this.#request(plan, job, job.webhook ? await this.#webhookOf(plan, job.id) : undefined);
  }

  #webhookOf({ kind, uri, params = {}, metadata }: JobPlan, id: string): Promise<GeminiWebhookConfig> {
    const options = { params, ...(metadata && { metadata }), ...(uri !== undefined && { uri }) };
    return this.#webhooks.make(options, { kind, id });
  }

  async #request(plan: JobPlan, job: TrackedJob, webhook: GeminiWebhookConfig | undefined): Promise<TrackedJob> {
    const { uris = [], metadata } = plan;
    // Without our webhook, the caller's own stays unchanged.
    const own = uris.length > 0 ? { uris: [...uris], ...(metadata && { userMetadata: { ...metadata } }) } : undefined;
    const all = webhook ? { ...webhook, uris: [...webhook.uris, ...uris] } : own;
    const name = await this.#call(plan, job, all);
    if (name === undefined) return job;
    await this.#names.record(job.id, name);
    return { ...job, name };
  }

  async #call(plan: JobPlan, { id, start }: TrackedJob, webhook: JobWebhook | undefined): Promise<string | undefined> {
    const timeoutMs = start && this.#timeoutMs;
    try {
      return await plan.start(webhook, id, timeoutMs);
    } catch (error) {
      if (!webhook || !isMetadataRefusal(error)) throw error;
    }
    // The API once refused `userMetadata` of batches (googleapis/go-genai#779). The URI contains the token for binding.
    this.#logger.warn(`Gemini refused the userMetadata of ${id}: it is started without, so its event contains none.`);
    return plan.start({ uris: webhook.uris }, id, timeoutMs);
  }
}

function isMetadataRefusal(error: unknown): boolean {
  return statusOf(error) === 400 && /Unknown name[^a-z]*user_?metadata/i.test(messageOf(error));
}
