import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GeminiProblemException } from '../problem.js';
import { sendResponse } from './send-response.js';

/** Sends refusals as problem+json despite other filters of the app: the docs promise this format. */
@Catch(GeminiProblemException)
export class ProblemFilter implements ExceptionFilter<GeminiProblemException> {
  readonly #adapterHost: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  catch(exception: GeminiProblemException, host: ArgumentsHost): void {
    const { httpAdapter } = this.#adapterHost;
    const response = host.switchToHttp().getResponse<object>();
    if (httpAdapter.isHeadersSent(response)) return;
    const { headers } = exception;
    sendResponse(httpAdapter, response, {
      status: exception.getStatus(),
      headers,
      body: exception.getResponse() as object,
    });
  }
}
