import { GoogleGenAI } from '@google/genai';
import { Module, UseInterceptors, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { GeminiWebhooksModule, type GeminiWebhooksSettings } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { BatchHandlers } from '../batch/batch.handlers.js';
import { BatchService } from '../batch/batch.service.js';
import { ResearchHandlers } from '../deep-research/research.handlers.js';
import { ResearchService } from '../deep-research/research.service.js';
import { FilmHandlers } from '../long-video/film.handlers.js';
import { FilmService } from '../long-video/film.service.js';
import { Faults } from './faults.js';
import { FilmProgress, RecordedFilmService } from './film.js';
import { LiveController } from './live.controller.js';
import { PageController } from './page.controller.js';
import { RecordingInterceptor, RunHandlers } from './recorder.js';
import { Runs } from './runs.js';
import { ProblemFilter } from './security.js';
import { QUEUE, ShowcaseSettings } from './settings.js';
import { DeliveryLog, WebhookController } from './webhook.controller.js';

/** Polls early, so that the demo ends soon although the simulator announces no videos. The default is 10 s. */
const POLL_AFTER_MS = 1_000;

const WORKFLOWS = [BatchService, BatchHandlers, FilmHandlers, ResearchService, ResearchHandlers];
const RECORDING = [Runs, RunHandlers, RecordingInterceptor, FilmProgress, DeliveryLog, Faults];

for (const handlers of [BatchHandlers, FilmHandlers, ResearchHandlers]) UseInterceptors(RecordingInterceptor)(handlers);

/** The workflows of `batch`, `long-video` and `deep-research`, with a page that shows them. */
@Module({})
export class ShowcaseModule {
  static with(settings: ShowcaseSettings): DynamicModule {
    return {
      module: ShowcaseModule,
      imports: [
        GeminiWebhooksModule.forRootAsync({
          // The showcase has a route of its own, which records each delivery.
          controller: false,
          useFactory: (): GeminiWebhooksSettings => ({
            gemini: settings.gemini,
            publicUrl: settings.webhookUrl,
            ...(settings.simulator && { jwks: { url: settings.simulator.jwksUrl } }),
            ...(settings.simulator && { jobs: { reconcile: { afterMs: POLL_AFTER_MS } } }),
            inbox: bullmqInbox({ url: settings.databaseUrl, queueName: QUEUE }),
          }),
        }),
      ],
      controllers: [WebhookController, PageController, LiveController],
      providers: [
        { provide: ShowcaseSettings, useValue: settings },
        { provide: GoogleGenAI, useFactory: () => new GoogleGenAI(settings.gemini) },
        { provide: FilmService, useClass: RecordedFilmService },
        { provide: APP_FILTER, useClass: ProblemFilter },
        ...WORKFLOWS,
        ...RECORDING,
      ],
    };
  }
}
