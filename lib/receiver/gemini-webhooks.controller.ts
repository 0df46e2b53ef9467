import { Controller, Inject, Post, Req, Res, UseFilters, UseGuards, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { getGeminiToken } from '../gemini-webhooks.tokens.js';
import { finalFailuresOf } from '../inbox/final-failures.js';
import type { InboxReceipt } from '../inbox/inbox-engine.js';
import { GeminiInbox } from '../inbox/gemini-inbox.js';
import { invalid } from '../config/option-checks.js';
import { FAILED_HANDLERS_HEADER, TRIGGER_HEADER } from '../shared/doctor-probe.js';
import { GeminiProblemException } from '../problem.js';
import { sendResponse, setHeaders } from './send-response.js';
import { deliveryOf } from './gemini-delivery.decorator.js';
import { GeminiSignatureGuard } from './gemini-signature.guard.js';
import { belongsTo } from './guarded-routes.js';
import { describedInOpenApi } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';

const MAX_FAILED_NAMES = 10;
const MAX_NAME_LENGTH = 100;
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

/** Settings of the route of a module instance. */
export interface ReceiverRoute {
  readonly registration: string;
  readonly path: string;
  readonly decorators: readonly ClassDecorator[];
}

/**
 * Creates the controller of one module instance: guard, `GeminiInbox.accept`, response. A custom route can do the same.
 * Called when the module is defined, so that Nest sees the real path and decorators.
 */
export function createController({ registration, path, decorators }: ReceiverRoute): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(ProblemFilter)
  @belongsTo(registration, path)
  class GeminiWebhooksController {
    readonly #inbox: GeminiInbox;
    readonly #adapterHost: HttpAdapterHost;

    constructor(
      @Inject(getGeminiToken(GeminiInbox, registration)) inbox: GeminiInbox,
      @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    ) {
      this.#inbox = inbox;
      this.#adapterHost = adapterHost;
    }

    /** Sends the response itself, so that global interceptors of the app cannot wrap it. */
    @Post()
    @UseGuards(GeminiSignatureGuard)
    @describedInOpenApi(registration, path)
    async receive(@Req() request: object, @Res() response: object): Promise<void> {
      const { httpAdapter } = this.#adapterHost;
      try {
        const receipt = await this.#inbox.accept(deliveryOf(request));
        const { status, httpStatus } = receipt;
        const headers = isTrigger(request) ? { ...JSON_HEADERS, ...failedHandlers(receipt) } : JSON_HEADERS;
        sendResponse(httpAdapter, response, { status: httpStatus, headers, body: { status } });
      } catch (error) {
        if (error instanceof GeminiProblemException) setHeaders(httpAdapter, response, error.headers);
        throw error;
      }
    }
  }
  for (const decorate of decorators) checkApplied(decorate(GeminiWebhooksController), GeminiWebhooksController);
  return GeminiWebhooksController;
}

/** True if the CLI sent the request. Gemini does not ask for failures. */
function isTrigger(request: object): boolean {
  const { headers } = request as { readonly headers: Readonly<Record<string, unknown>> };
  return headers[TRIGGER_HEADER] !== undefined;
}

/** Names some of them, shortened: clients and proxies limit the headers of a response. */
function failedHandlers(receipt: InboxReceipt): Readonly<Record<string, string>> {
  const names = finalFailuresOf(receipt)
    .slice(0, MAX_FAILED_NAMES)
    .map((name) => encodeURIComponent(name.slice(0, MAX_NAME_LENGTH).replaceAll(/\p{Surrogate}/gu, '\uFFFD')));
  return names.length === 0 ? {} : { [FAILED_HANDLERS_HEADER]: names.join(',') };
}

/** Refuses a decorator factory that was not called: it receives the class as its argument and does nothing. */
function checkApplied(result: unknown, controller: Type): void {
  if (typeof result !== 'function' || result === controller) return;
  if ((result as Type).prototype instanceof controller) return;
  invalid(
    'decorators',
    'got one that returns another decorator',
    'Call it: [Public(), SkipThrottle()], not [Public, SkipThrottle].',
  );
}
