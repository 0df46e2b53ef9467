import { Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import { statusOf } from './gemini-api.js';
import { newJobId } from './job-ref.js';
import type { GeminiWebhookConfig, JobRouteOptions, JobWebhooks } from './job-webhooks.js';

const RECORD_ATTEMPTS = 6;
const RECORD_RETRY_MS = 500;

/** A `webhookConfig`, possibly without metadata. */
export type JobWebhook = Pick<GeminiWebhookConfig, 'uris'> & Partial<GeminiWebhookConfig>;

/** A job that is to be started. */
export interface JobPlan extends JobRouteOptions {
  readonly kind: GeminiResourceKind;
  /** The caller's own, which our webhook stands beside. */
  readonly uris?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly displayName?: string | undefined;
  readonly tools?: boolean;
  /** Calls the SDK and resolves with what Gemini calls the job. */
  start(webhook: JobWebhook, id: string): Promise<string | undefined>;
}

/** Starts jobs so that none is lost between us and Gemini: first the record of the intent, then the call. */
export class JobStarter {
  readonly #tracker: JobTracker;
  readonly #webhooks: JobWebhooks;
  readonly #logger = new Logger('GeminiWebhooks');

  constructor(tracker: JobTracker, webhooks: JobWebhooks) {
    this.#tracker = tracker;
    this.#webhooks = webhooks;
  }

  /** @throws what the SDK throws, and then nothing is left of the job */
  async start(plan: JobPlan): Promise<TrackedJob> {
    const { kind, uri, params = {}, uris = [], metadata, tools, displayName } = plan;
    const id = newJobId(kind);
    const webhook = await this.#webhooks.make(
      { params, ...(metadata && { metadata }), ...(uri !== undefined && { uri }) },
      { kind, id },
    );
    const intent: TrackedJob = {
      id,
      kind,
      params,
      bound: this.#webhooks.bind,
      displayName: kind === 'batch' ? (displayName ?? id) : undefined,
      tools,
      metadata,
      createdAt: Date.now(),
    };
    await this.#tracker.add(intent);
    const name = await this.#call(plan, id, { ...webhook, uris: [...webhook.uris, ...uris] });
    if (name === undefined) return intent;
    await this.#record(id, name);
    return { ...intent, name };
  }

  async #call(plan: JobPlan, id: string, webhook: GeminiWebhookConfig): Promise<string | undefined> {
    try {
      return await plan.start(webhook, id);
    } catch (error) {
      if (refusesMetadata(error)) return this.#callWithoutMetadata(plan, id, webhook);
      await this.#forget(id);
      throw error;
    }
  }

  /** The API once refused `userMetadata` of batches (googleapis/go-genai#779). The URI carries what binding needs. */
  async #callWithoutMetadata(plan: JobPlan, id: string, { uris }: GeminiWebhookConfig): Promise<string | undefined> {
    this.#logger.warn(`Gemini refused the userMetadata of ${id}: started without, so its event brings none back.`);
    try {
      return await plan.start({ uris }, id);
    } catch (error) {
      await this.#forget(id);
      throw error;
    }
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#tracker.remove(id);
    } catch (error) {
      this.#logger.warn(`The job ${id} was not started, and its record could not be removed: ${messageOf(error)}`);
    }
  }

  /** The job runs by now: a store that is away must not make the caller start another. */
  async #record(id: string, name: string): Promise<void> {
    try {
      await this.#tracker.rename(id, name);
    } catch (error) {
      this.#logger.warn(`The name of ${id} could not be recorded yet: ${messageOf(error)}`);
      void this.#recordLater(id, name);
    }
  }

  async #recordLater(id: string, name: string): Promise<void> {
    for (let attempt = 1; attempt <= RECORD_ATTEMPTS; attempt += 1) {
      await wait(RECORD_RETRY_MS * 2 ** attempt, undefined, { ref: false });
      const recorded = await this.#tracker.rename(id, name).then(
        () => true,
        () => false,
      );
      if (recorded) return;
    }
    this.#logger.error(`The name ${name} of ${id} was not recorded: its event or a look-up has to bring it.`);
  }
}

function refusesMetadata(error: unknown): boolean {
  return statusOf(error) === 400 && /Unknown name[^a-z]*user_?metadata/i.test(messageOf(error));
}
