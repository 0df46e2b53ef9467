import { Module } from '@nestjs/common';
import { StepEvents } from './step-events.js';
import { Steps } from './steps.js';
import { Timeline } from './timeline.js';
import { Workflows } from './workflows.js';

const SHARED = [Workflows, Timeline, Steps, StepEvents];

/** What the three workflows share. */
@Module({ providers: SHARED, exports: SHARED })
export class WorkflowsModule {}
