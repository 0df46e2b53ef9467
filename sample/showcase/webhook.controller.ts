import {
  Catch,
  Controller,
  Headers,
  Injectable,
  Logger,
  Post,
  Res,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Response } from 'express';
import {
  GeminiDelivery,
  GeminiInbox,
  GeminiProblemException,
  GeminiSignatureGuard,
  type VerifiedDelivery,
} from 'nestjs-gemini-webhooks';
import type { DeliveryView, FaultName, Scheme } from './page-api.js';
import { runOf } from './recorder.js';
import { Runs } from './runs.js';
import { WEBHOOK_PATH } from './settings.js';

/** Time between a job's end and its webhook from which on the page calls it late. */
const LATE_MS = 2_000;
const FAULT_OF_CODE: Readonly<Record<string, FaultName>> = { signature_mismatch: 'forge', unbound_delivery: 'foreign' };

/** Records each POST to the webhook's route. The response to Gemini does not depend on it. */
@Injectable()
export class DeliveryLog {
  private readonly logger = new Logger(DeliveryLog.name);

  constructor(private readonly runs: Runs) {}

  refused(status: number, code: string): void {
    const outcome = status === 503 ? 'unavailable' : 'refused';
    const unknown = { scheme: null, event: null, run: null, eventKey: null };
    this.logFailure(this.runs.addDelivery({ outcome, status, code, fault: FAULT_OF_CODE[code] ?? null, ...unknown }));
  }

  accepted(status: number, { event, key, strategy }: VerifiedDelivery, signature = ''): void {
    const isV1a = signature.split(' ').some((entry) => entry.startsWith('v1a,'));
    const scheme: Scheme = strategy === 'hmac' ? 'v1' : isV1a ? 'v1a' : 'jwt';
    const isLate = Date.now() - Date.parse(event.timestamp ?? '') > LATE_MS;
    const seen = { status, code: null, scheme, event: event.type, run: runOf(event) ?? null };
    this.logFailure(this.add(seen, key, isLate));
  }

  /** A durable inbox answers 202 to each delivery of an event. Only the first one is handled. */
  private async add(seen: Omit<DeliveryView, 'id' | 'at' | 'outcome' | 'fault'>, eventKey: string, isLate: boolean) {
    const first = { ...seen, outcome: 'accepted', fault: isLate ? 'delay' : null, eventKey } as const;
    const known = await this.runs.addDelivery(first);
    if (known === undefined) return;
    const fault = isLate ? 'delay' : known === 'polled' ? null : 'duplicate';
    await this.runs.addDelivery({ ...seen, outcome: 'duplicate', fault, eventKey: null });
  }

  private logFailure(added: Promise<unknown>): void {
    added.catch((error: Error) => this.logger.warn(`A delivery was not recorded: ${error.message}`));
  }
}

/** Responds to what the guard or the inbox refuses, and records it. */
@Catch(GeminiProblemException)
export class RefusalFilter implements ExceptionFilter<GeminiProblemException> {
  constructor(private readonly log: DeliveryLog) {}

  catch(problem: GeminiProblemException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const status = problem.getStatus();
    response
      .status(status)
      .set(problem.headers)
      .send(Buffer.from(JSON.stringify(problem.getResponse())));
    this.log.refused(status, problem.code);
  }
}

/** The webhook's route. It does what the package's own route does, and records each delivery for the page. */
@Controller(WEBHOOK_PATH)
@UseFilters(RefusalFilter)
export class WebhookController {
  constructor(
    private readonly inbox: GeminiInbox,
    private readonly log: DeliveryLog,
  ) {}

  @Post()
  @UseGuards(GeminiSignatureGuard)
  async receive(
    @GeminiDelivery() delivery: GeminiDelivery,
    @Headers('webhook-signature') signature: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const { status, httpStatus } = await this.inbox.accept(delivery);
    response.status(httpStatus).json({ status });
    this.log.accepted(httpStatus, delivery, signature);
  }
}
