import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GeminiProblemException } from 'nestjs-gemini-webhooks';
import { DeliveryLog } from './delivery-log.js';

/** Answers a refusal as problem+json, and writes down what the guard has refused. */
@Catch(GeminiProblemException)
export class RefusalFilter implements ExceptionFilter<GeminiProblemException> {
  readonly #log: DeliveryLog;

  constructor(log: DeliveryLog) {
    this.#log = log;
  }

  catch(exception: GeminiProblemException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const status = exception.getStatus();
    http
      .getResponse<Response>()
      .status(status)
      .set(exception.headers)
      .send(Buffer.from(JSON.stringify(exception.getResponse())));
    // What passed the guard is the controller's to write down.
    if ('rawBody' in http.getRequest<Request>()) return;
    const outcome = status === 503 ? 'unavailable' : 'refused';
    void this.#log.add({ outcome, status, code: exception.code });
  }
}
