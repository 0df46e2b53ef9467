import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import { GEMINI_WEBHOOKS_CONFIG } from '../gemini-webhooks.tokens.js';
import { guardedRoutes } from './guarded-routes.js';
import { captureOnExpress } from './raw-body.express.js';
import { captureOnFastify } from './raw-body.fastify.js';

/**
 * Keeps the exact bytes of what comes to our routes, whatever parsers the app has: `HttpAdapterHost.init$` fires, and
 * replays, before any parser is registered. Other routes are left alone.
 */
@Injectable()
export class RawBodyCapture {
  constructor(
    adapterHost: HttpAdapterHost,
    modules: ModulesContainer,
    moduleRef: ModuleRef,
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
  ) {
    adapterHost.init$.subscribe(() => {
      // There is none in an application context, nor in a microservice.
      const adapter = adapterHost.httpAdapter as typeof adapterHost.httpAdapter | null;
      if (!adapter) return;
      const type = adapter.getType();
      const capture = {
        routes: guardedRoutes(modules, config.name),
        limits: config,
        container: moduleRef['container'],
      };
      if (type === 'express') captureOnExpress(adapter, capture);
      if (type === 'fastify') captureOnFastify(adapter, capture);
    });
  }
}
