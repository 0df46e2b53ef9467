import { Inject, Injectable, Logger, type HttpServer, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { GEMINI_WEBHOOKS_CONFIG } from '../gemini-webhooks.tokens.js';
import { DeliveryReports } from '../inbox/delivery-reports.js';
import { unsupportedAdapter, UNSUPPORTED_REMEDY } from './adapter-name.js';
import { guardedRoutes } from './guarded-routes.js';
import { answerLateReadsOnExpress, captureOnExpress } from './raw-body.express.js';
import { captureOnFastify } from './raw-body.fastify.js';
import { RefusalWarnings } from './refusal-warnings.js';

/**
 * Captures the raw body of requests to our routes, before the app's parsers: `HttpAdapterHost.init$` fires, and replays,
 * before any parser is registered. Does not touch other routes.
 */
@Injectable()
export class RawBodyCapture implements OnModuleInit {
  #express: HttpServer | undefined;

  constructor(
    adapterHost: HttpAdapterHost,
    modules: ModulesContainer,
    moduleRef: ModuleRef,
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    reports: DeliveryReports,
  ) {
    adapterHost.init$.subscribe(() => {
      // Application contexts and microservices have no HTTP adapter.
      const adapter = adapterHost.httpAdapter as typeof adapterHost.httpAdapter | null;
      if (!adapter) return;
      const capture = {
        routes: guardedRoutes(modules, config.name),
        limits: config,
        refusals: new RefusalWarnings(config.name),
        onRefused: (error: unknown) => reports.refused(config.name, error, reports.arrived(config.name, {})),
        container: moduleRef['container'],
      };
      const type = adapter.getType();
      if (type === 'fastify') captureOnFastify(adapter, capture);
      else if (type === 'express') {
        captureOnExpress(adapter, capture);
        this.#express = adapter;
      } else if (capture.routes.length > 0) warnUnsupported(adapter, config.name);
    });
  }

  /** Runs after the app has installed its middlewares, and before Nest installs its error handler. */
  onModuleInit(): void {
    if (this.#express) answerLateReadsOnExpress(this.#express);
  }
}

function warnUnsupported(adapter: HttpServer, registration: string): void {
  new Logger('GeminiWebhooks').warn(
    `The HTTP adapter ${unsupportedAdapter(adapter)} is neither Express nor Fastify, so the raw body of Gemini's deliveries cannot be captured ` +
      `(module instance "${registration}"): they are refused with 500 raw_body_unavailable. ${UNSUPPORTED_REMEDY}`,
  );
}
