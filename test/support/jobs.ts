import { Injectable, type INestApplication, type LoggerService } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { BullmqInboxOptions } from '../../lib/bullmq/index.js';
import {
  GeminiJobs,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiJob,
  type GeminiResourceKind,
  type GeminiWebhooksModuleOptions,
  type InboxEngineFactory,
  type JobRouteOptions,
  type JwksOptions,
  type ReconcileOptions,
} from '../../lib/index.js';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, startApp } from './apps.js';
import { BINDING_SECRET } from './binding-tokens.js';
import { inboxOn, testQueue } from './durable.js';
import { STORES } from './stores.js';

/** Every inbox that tracks jobs, each on a separate store. */
export const INBOXES: readonly InboxCase[] = [
  { inbox: 'the inline inbox', isDurable: false, make: () => inlineInbox() },
  ...STORES.map(({ name, url }) => ({
    inbox: `BullMQ on ${name}`,
    isDurable: true,
    make: (options: BullmqInboxOptions = {}) => inboxOn(testQueue(url), options),
  })),
];

/** An inbox for tests. */
export interface InboxCase {
  readonly inbox: string;
  readonly isDurable: boolean;
  /** @param options options of a durable inbox */
  make(options?: BullmqInboxOptions): InboxEngineFactory;
}

export const KINDS = ['batch', 'video', 'interaction'] as const satisfies readonly GeminiResourceKind[];

/** Operation that polls a job, by kind. */
export const POLL_OF: Readonly<Record<GeminiResourceKind, string>> = {
  batch: 'batches.get',
  video: 'interactions.get',
  interaction: 'interactions.get',
};

/** Success event of each kind. */
export const SUCCESS_OF: Readonly<Record<GeminiResourceKind, string>> = {
  batch: 'batch.succeeded',
  video: 'video.generated',
  interaction: 'interaction.completed',
};

/** Nothing is polled while a test runs. */
export const LATER: ReconcileOptions = { afterMs: 600_000 };
/** Polls jobs at once and then at short intervals. */
export const SOON: ReconcileOptions = { afterMs: 100, maxIntervalMs: 200, untilMs: 60_000 };
/** The same, with a short time until a job counts as lost. */
export const BRIEFLY: ReconcileOptions = { afterMs: 50, maxIntervalMs: 100, untilMs: 1_000 };

const simulators: GeminiSimulator[] = [];

/** Starts a simulator with a stopped clock, in which the test ends the jobs. */
export async function startGemini(options: Parameters<typeof GeminiSimulator.start>[0] = {}): Promise<GeminiSimulator> {
  const never = { batch: Infinity, video: Infinity, interaction: Infinity };
  // As documented. By default the simulator sends no webhook for a video, because none has been observed yet.
  const videoEvent = 'video.generated';
  const gemini = await GeminiSimulator.start({ time: 'manual', durations: never, videoEvent, ...options });
  simulators.push(gemini);
  return gemini;
}

/** For `afterEach`: no simulator outlives its test. */
export async function closeSimulators(): Promise<void> {
  await Promise.all(simulators.splice(0).map((gemini) => gemini.close()));
}

/** An app that starts jobs, and the events that its handler received. */
export interface JobsApp {
  readonly app: INestApplication;
  readonly jobs: GeminiJobs;
  readonly heard: GeminiEvent[];
  readonly route: JobRouteOptions;
  /** Starts a job of the kind, with a webhook to this app. */
  start(kind: GeminiResourceKind, metadata?: Record<string, unknown>): Promise<GeminiJob>;
}

/** Events that the app's handler received for one job with a webhook. */
export function heardOf({ heard }: Pick<JobsApp, 'heard'>, { id }: Pick<GeminiJob, 'id'>): GeminiEvent[] {
  return heard.filter(({ delivery }) => delivery.key.split('/').includes(id));
}

/** Starts an app whose client calls the simulator. @param more options of the module, and the app's logger */
export async function startJobsApp(
  gemini: GeminiSimulator,
  inbox: InboxEngineFactory,
  reconcile: ReconcileOptions | false = LATER,
  jwks: JwksOptions = { url: gemini.jwksUrl },
  {
    logger = false,
    jobs: moreOfJobs,
    ...more
  }: GeminiWebhooksModuleOptions & { readonly logger?: LoggerService | false } = {},
): Promise<JobsApp> {
  const heard: GeminiEvent[] = [];

  @Injectable()
  class Recorder {
    @OnGeminiEvent('*', { name: 'recorder' })
    record(event: GeminiEvent): void {
      heard.push(event);
    }
  }

  const { app, origin } = await startApp(
    {
      imports: [
        GeminiWebhooksModule.forRoot({
          inbox,
          gemini: gemini.clientOptions,
          jwks,
          binding: { secret: BINDING_SECRET },
          jobs: { reconcile, ...moreOfJobs },
          ...more,
        }),
      ],
      providers: [Recorder],
    },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  const jobs = app.get(GeminiJobs);
  const route = { uri: `${origin}/gemini/webhooks` };
  return { app, jobs, heard, route, start: (kind, metadata) => startJob(jobs, kind, route, metadata) };
}

/** A job that a test has started with a webhook, and its observed events. */
export interface StartedJob {
  readonly job: GeminiJob;
  readonly name: string;
  heard(): GeminiEvent[];
  /** Number of polls of this job. */
  pollCount(): number;
}

/** Starts one small job of the kind. */
export async function startedJob(
  gemini: GeminiSimulator,
  app: JobsApp,
  kind: GeminiResourceKind,
  metadata?: Record<string, unknown>,
): Promise<StartedJob> {
  const job = await app.start(kind, metadata);
  const name = job.name!;
  return { job, name, heard: () => heardOf(app, job), pollCount: () => gemini.countOf(POLL_OF[kind], name) };
}

/** Parameters of one small job of the kind. */
export function startJob(
  jobs: GeminiJobs,
  kind: GeminiResourceKind,
  route: JobRouteOptions,
  metadata?: Record<string, unknown>,
): Promise<GeminiJob> {
  switch (kind) {
    case 'batch': {
      const src = [{ contents: [{ parts: [{ text: `say ${randomUUID()}` }] }] }];
      const config = metadata && { webhookConfig: { userMetadata: metadata } };
      return jobs.createBatch({ model: 'gemini-3.8-flash', src, ...(config && { config }) }, route);
    }
    case 'video': {
      const webhook_config = metadata && { user_metadata: metadata };
      return jobs.createVideo({ input: 'a quiet sea', ...(webhook_config && { webhook_config }) }, route);
    }
    case 'interaction': {
      const webhook_config = metadata && { user_metadata: metadata };
      return jobs.createInteraction(
        { model: 'gemini-3.8-flash', input: 'how deep is the sea?', ...(webhook_config && { webhook_config }) },
        route,
      );
    }
  }
}
