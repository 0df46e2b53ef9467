import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { BatchHandlers } from './batches/batch.handlers.js';
import { BatchesModule } from './batches/batches.module.js';
import { DatabaseModule } from './database/database.module.js';
import { FilmHandlers } from './films/film.handlers.js';
import { FilmsModule } from './films/films.module.js';
import { geminiWebhooks } from './gemini-webhooks.js';
import { GeminiModule } from './gemini.module.js';
import { ResearchHandlers } from './research/research.handlers.js';
import { ResearchModule } from './research/research.module.js';
import { sampleSettings } from './settings.js';
import { StepRecovery } from './workflows/step-recovery.js';
import { TimelineHandlers } from './workflows/timeline.handlers.js';
import { WorkflowsModule } from './workflows/workflows.module.js';

/** The worker process: handles events, and takes up what a killed process has left. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [sampleSettings] }),
    DatabaseModule,
    geminiWebhooks({ workers: true }),
    GeminiModule,
    WorkflowsModule,
    BatchesModule,
    FilmsModule,
    ResearchModule,
  ],
  providers: [BatchHandlers, FilmHandlers, ResearchHandlers, TimelineHandlers, StepRecovery],
})
export class WorkerModule {}
