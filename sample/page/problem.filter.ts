import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { STATUS_CODES } from 'node:http';

/** Answers what went wrong as problem+json (RFC 9457). What nobody foresaw is logged, and told without its details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Page');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const status = error instanceof HttpException ? error.getStatus() : 500;
    if (status >= 500) this.#logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (response.headersSent) {
      response.end();
      return;
    }
    const detail = status === 500 ? 'The log of the app says more.' : detailOf(error);
    const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

/** `ValidationPipe` gives a list of what is wrong. */
function detailOf(error: unknown): string {
  const answer = error instanceof HttpException ? error.getResponse() : '';
  const { message } = (typeof answer === 'object' ? answer : { message: answer }) as { message?: unknown };
  return Array.isArray(message) ? message.join('; ') : String(message ?? '');
}
