import { Controller, Inject, Post, Req, Res, UseFilters, UseGuards, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GeminiInbox } from '../inbox/gemini-inbox.js';
import { GeminiProblemException } from '../problem.js';
import { answer, setHeaders } from './answer.js';
import { deliveryOf } from './gemini-delivery.decorator.js';
import { GeminiSignatureGuard } from './gemini-signature.guard.js';
import { belongsTo } from './guarded-routes.js';
import { ProblemFilter } from './problem.filter.js';

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

/** What shapes a registration's route. */
export interface ReceiverRoute {
  readonly registration: string;
  readonly path: string;
  readonly decorators: readonly ClassDecorator[];
}

/**
 * Makes the controller of one registration: the guard, `GeminiInbox.accept`, the answer; nothing that a route of the
 * user's cannot do. Made when the module is defined, so that path and decorators are real ones.
 */
export function createController({ registration, path, decorators }: ReceiverRoute): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(ProblemFilter)
  @belongsTo(registration, path)
  class GeminiWebhooksController {
    readonly #inbox: GeminiInbox;
    readonly #adapterHost: HttpAdapterHost;

    constructor(@Inject(GeminiInbox) inbox: GeminiInbox, @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost) {
      this.#inbox = inbox;
      this.#adapterHost = adapterHost;
    }

    /** Answers by itself, so that the app's global interceptors cannot put the answer into an envelope of theirs. */
    @Post()
    @UseGuards(GeminiSignatureGuard)
    async receive(@Req() request: object, @Res() response: object): Promise<void> {
      const { httpAdapter } = this.#adapterHost;
      try {
        const { status, httpStatus } = await this.#inbox.accept(deliveryOf(request));
        answer(httpAdapter, response, { status: httpStatus, headers: JSON_HEADERS, body: { status } });
      } catch (error) {
        if (error instanceof GeminiProblemException) setHeaders(httpAdapter, response, error.headers);
        throw error;
      }
    }
  }
  for (const decorate of decorators) decorate(GeminiWebhooksController);
  return GeminiWebhooksController;
}
