import { Injectable, type INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  GeminiJobs,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiJob,
  type GeminiResourceKind,
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

/** Every inbox that tracks jobs, each on a store of its own. */
export const INBOXES: readonly { readonly inbox: string; readonly make: () => InboxEngineFactory }[] = [
  { inbox: 'the inline inbox', make: () => inlineInbox() },
  ...STORES.map(({ name, url }) => ({ inbox: `BullMQ on ${name}`, make: () => inboxOn(testQueue(url)) })),
];

export const KINDS = ['batch', 'video', 'interaction'] as const satisfies readonly GeminiResourceKind[];

/** What the SDK calls the request that looks a job up. */
export const LOOKUP_OF: Readonly<Record<GeminiResourceKind, string>> = {
  batch: 'batches.get',
  video: 'operations.getVideosOperation',
  interaction: 'interactions.get',
};

/** The event of success of each kind. */
export const SUCCESS_OF: Readonly<Record<GeminiResourceKind, string>> = {
  batch: 'batch.succeeded',
  video: 'video.generated',
  interaction: 'interaction.completed',
};

/** Nothing is looked up while a test runs. */
export const LATER: ReconcileOptions = { afterMs: 600_000 };
/** What no event ends is looked up at once, and then every now and then. */
export const SOON: ReconcileOptions = { afterMs: 100, maxIntervalMs: 200, untilMs: 60_000 };

const simulators: GeminiSimulator[] = [];

/** A Gemini of the test's own, whose jobs end when the test says so and whose time stands still. */
export async function startGemini(options: Parameters<typeof GeminiSimulator.start>[0] = {}): Promise<GeminiSimulator> {
  const never = { batch: Infinity, video: Infinity, interaction: Infinity };
  const gemini = await GeminiSimulator.start({ time: 'manual', durations: never, ...options });
  simulators.push(gemini);
  return gemini;
}

/** For `afterEach`: no simulator outlives its test. */
export async function closeSimulators(): Promise<void> {
  await Promise.all(simulators.splice(0).map((gemini) => gemini.close()));
}

/** An app that starts jobs, and what its handler heard. */
export interface JobsApp {
  readonly app: INestApplication;
  readonly jobs: GeminiJobs;
  readonly heard: GeminiEvent[];
  readonly route: JobRouteOptions;
  /** Starts a job of the kind, with a webhook to this app. */
  start(kind: GeminiResourceKind, metadata?: Record<string, unknown>): Promise<GeminiJob>;
}

/** Boots an app whose client talks to the simulator. */
export async function startJobsApp(
  gemini: GeminiSimulator,
  inbox: InboxEngineFactory,
  reconcile: ReconcileOptions | false = LATER,
  jwks: JwksOptions = { url: gemini.jwksUrl },
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
          jobs: { reconcile },
        }),
      ],
      providers: [Recorder],
    },
    { adapter: ADAPTERS[0] },
  );
  const jobs = app.get(GeminiJobs);
  const route = { uri: `${origin}/gemini/webhooks` };
  return { app, jobs, heard, route, start: (kind, metadata) => startJob(jobs, kind, route, metadata) };
}

/** One small job of the kind. */
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
      return jobs.createBatch({ model: 'gemini-3-flash', src, ...(config && { config }) }, route);
    }
    case 'video': {
      const config = metadata && { webhookConfig: { userMetadata: metadata } };
      return jobs.generateVideos({ model: 'veo-3.1', prompt: 'a quiet sea', ...(config && { config }) }, route);
    }
    case 'interaction': {
      const webhook_config = metadata && { user_metadata: metadata };
      return jobs.createInteraction(
        { model: 'gemini-3-flash', input: 'how deep is the sea?', ...(webhook_config && { webhook_config }) },
        route,
      );
    }
  }
}
