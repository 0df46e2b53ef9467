import { Module } from '@nestjs/common';
import { WorkflowsModule } from '../workflows/workflows.module.js';
import { Research } from './research.js';

@Module({ imports: [WorkflowsModule], providers: [Research], exports: [Research] })
export class ResearchModule {}
