import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BatchesModule } from '../batches/batches.module.js';
import { FilmsModule } from '../films/films.module.js';
import { ResearchModule } from '../research/research.module.js';
import { BatchesController } from './batches.controller.js';
import { Faults } from './faults.js';
import { FaultsController } from './faults.controller.js';
import { FilmsController } from './films.controller.js';
import { LatestResults } from './latest-results.js';
import { LiveController } from './live.controller.js';
import { LiveHub } from './live-hub.js';
import { PageController } from './page.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ResearchController } from './research.controller.js';
import { PAGE_POLICY, securityHeaders } from './security-headers.js';
import { WorkflowViews } from './workflow-views.js';

/** The page, what it calls, and what it is told. */
@Module({
  imports: [BatchesModule, FilmsModule, ResearchModule],
  controllers: [
    PageController,
    LiveController,
    BatchesController,
    FilmsController,
    ResearchController,
    FaultsController,
  ],
  providers: [LiveHub, WorkflowViews, LatestResults, Faults, { provide: APP_FILTER, useClass: ProblemFilter }],
})
export class PageModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(securityHeaders(PAGE_POLICY)).forRoutes('{*path}');
  }
}
