import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { logAtStart } from '../config/startup-warnings.js';
import { GEMINI_WEBHOOKS_CONFIG } from '../gemini-webhooks.tokens.js';
import { guardedRoutes } from './guarded-routes.js';

/** Logs what an operator should know about a configuration. A process without a route refuses no delivery. */
@Injectable()
export class StartupLog {
  constructor(@Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig, modules: ModulesContainer) {
    const hasRoute = guardedRoutes(modules, config.name).length > 0;
    logAtStart(config, new Logger('GeminiWebhooks'), { hasRoute });
  }
}
