import { GoogleGenAI } from '@google/genai';
import type { DynamicModule } from '@nestjs/common';
import { GeminiWebhooksModule, type GeminiWebhooksSettings } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { sampleSettings, type SampleSettings } from './settings.js';

/** 5 s, doubled each time, comes to about 23 h, for which Gemini itself would have tried. */
const ATTEMPTS = 15;
const GEMINI_TIMEOUT_MS = 120_000;

/**
 * The registration, the same in every process of the sample: all share one inbox and one record of jobs. The web
 * process takes events without handling them, the worker handles what was taken.
 */
export function geminiWebhooks({ workers }: { readonly workers: boolean }): DynamicModule {
  return GeminiWebhooksModule.forRootAsync({
    // The sample has a route of its own, which records each delivery: `webhooks/webhook.controller.ts`.
    controller: false,
    inject: [sampleSettings.KEY],
    useFactory: (settings: SampleSettings): GeminiWebhooksSettings => ({
      gemini: geminiClient(settings),
      publicUrl: settings.webhookUrl,
      jobs: { reconcile: { afterMs: settings.reconcileAfterMs } },
      inbox: bullmqInbox({
        url: settings.inboxUrl,
        queueName: settings.inboxQueue,
        workers,
        concurrency: 8,
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: settings.inboxRetryMs, jitter: 0.2 },
        lockDurationMs: settings.inboxLockMs,
      }),
    }),
  });
}

/** Google's client. Said outright that it is none of Vertex AI, which has no webhooks: the shell may ask for that. */
export function geminiClient({ apiKey }: SampleSettings): GoogleGenAI {
  return new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { timeout: GEMINI_TIMEOUT_MS } });
}
