import { Module } from '@nestjs/common';
import { GeminiModule } from '../gemini.module.js';
import { WorkflowsModule } from '../workflows/workflows.module.js';
import { BatchStore } from './batch-store.js';
import { Batches } from './batches.js';

@Module({ imports: [WorkflowsModule, GeminiModule], providers: [Batches, BatchStore], exports: [Batches, BatchStore] })
export class BatchesModule {}
