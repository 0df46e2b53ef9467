import { Inject, Injectable, Optional } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { Subject, type Observable } from 'rxjs';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemOf } from '../problem.js';
import { isDoctorProbe } from '../shared/doctor-probe.js';
import { answerAttributes, ATTRIBUTES, eventTypeOf } from '../telemetry/attributes.js';
import { inSpan, Telemetry, type TelemetrySpan } from '../telemetry/telemetry.js';
import type { InboxReceipt } from './inbox-engine.js';

/** A delivery that has arrived. */
export interface DeliveryArrival {
  /** By `performance.now()`. */
  readonly at: number;
  /** Span until the response, if the app is traced. */
  readonly span: TelemetrySpan | undefined;
}

/** Reports and traces how each delivery was answered. Does nothing while nobody listens and the app is not traced. */
@Injectable()
export class DeliveryReports {
  readonly #reports = new Subject<GeminiDeliveryReport>();
  readonly #arrivals = new WeakMap<VerifiedDelivery, DeliveryArrival>();
  readonly #telemetry: Telemetry | undefined;

  readonly reports$: Observable<GeminiDeliveryReport> = this.#reports.asObservable();

  constructor(@Optional() @Inject(Telemetry) telemetry?: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** Returns the arrival of a delivery for the calls below; `undefined` if there is nothing to report. */
  arrived(registration: string, headers: IncomingHttpHeaders): DeliveryArrival | undefined {
    const span = this.#telemetry?.isTracing
      ? this.#telemetry.start('receive', { attributes: { [ATTRIBUTES.registration]: registration }, headers })
      : undefined;
    return span || this.#reports.observed ? { at: performance.now(), span } : undefined;
  }

  /** Runs the verification of a delivery. */
  verify<Result>({ span: parent }: DeliveryArrival, work: () => Result): Result {
    if (!parent?.isRecording) return parent ? parent.run(work) : work();
    const span = this.#telemetry?.start('verify', { parent });
    return span ? inSpan(span, work) : work();
  }

  /** Call for a verified delivery. The inbox reports it. */
  verified(delivery: VerifiedDelivery, arrival: DeliveryArrival | undefined): void {
    if (arrival) this.#arrivals.set(delivery, arrival);
  }

  /** Runs the acceptance of a verified delivery, then reports it. */
  accept(delivery: VerifiedDelivery, work: () => Promise<InboxReceipt>): Promise<InboxReceipt> {
    return this.#reports.observed || this.#telemetry?.isTracing ? this.#accept(delivery, work) : work();
  }

  async #accept(delivery: VerifiedDelivery, work: () => Promise<InboxReceipt>): Promise<InboxReceipt> {
    const arrival = this.#arrivals.get(delivery);
    const span = this.#acceptSpan(delivery, arrival?.span);
    const active = span ?? arrival?.span;
    try {
      const receipt = await (active ? active.run(work) : work());
      span?.end();
      this.#report(delivery, arrival, { status: receipt.httpStatus, receipt: receipt.status });
      return receipt;
    } catch (error) {
      span?.end({ error });
      const { status, code } = problemOf(error).problem;
      this.#report(delivery, arrival, { status, code }, { error });
      throw error;
    }
  }

  /** Returns none within a delivery that is not recorded. */
  #acceptSpan({ registration, event }: VerifiedDelivery, parent: TelemetrySpan | undefined): TelemetrySpan | undefined {
    if (!this.#telemetry?.isTracing || parent?.isRecording === false) return undefined;
    const attributes = { [ATTRIBUTES.registration]: registration, [ATTRIBUTES.eventType]: eventTypeOf(event) };
    return this.#telemetry.start('accept', { attributes, parent });
  }

  /** Call for a delivery that did not verify. */
  refused(registration: string, error: unknown, arrival: DeliveryArrival | undefined): void {
    if (!arrival) return;
    const { status, code } = problemOf(error).problem;
    if (this.#reports.observed) {
      this.#reports.next({ registration, status, code, durationMs: performance.now() - arrival.at });
    }
    arrival.span?.end({ error, attributes: answerAttributes({ status, code }) });
  }

  #report(
    delivery: VerifiedDelivery,
    arrival: DeliveryArrival | undefined,
    answer: Pick<GeminiDeliveryReport, 'status' | 'code' | 'receipt'>,
    failure: { readonly error?: unknown } = {},
  ): void {
    if (this.#reports.observed && !isDoctorProbe(delivery)) {
      const { registration, strategy, id, event } = delivery;
      const now = performance.now();
      const durationMs = now - (arrival?.at ?? now);
      this.#reports.next({ registration, ...answer, strategy, id, type: event.type, durationMs });
    }
    const span = arrival?.span;
    if (!span?.isRecording) return;
    span.end({ ...failure, attributes: answerAttributes(answer, delivery) });
  }
}
