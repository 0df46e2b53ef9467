import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GeminiProblemException } from '../problem.js';

/** Answers a refusal as problem+json, whatever filters the app has: Google and the docs rely on its form. */
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
    for (const [name, value] of Object.entries(exception.headers)) httpAdapter.setHeader(response, name, value);
    // As text: of an object, Nest 11's Express adapter would set its own content type.
    httpAdapter.reply(response, JSON.stringify(exception.getResponse()), exception.getStatus());
  }
}
