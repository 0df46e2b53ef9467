import { Inject, Injectable, Optional } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { Subject, type Observable } from 'rxjs';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemOf } from '../problem.js';
import { isDoctorProbe } from '../shared/doctor-probe.js';
import { ATTRIBUTES, deliveryAttributes, eventTypeOf } from '../telemetry/attributes.js';
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
  verify<Result>(arrival: DeliveryArrival | undefined, work: () => Result): Result {
    const parent = arrival?.span;
    const span = parent && this.#telemetry?.start('verify', { attributes: {}, parent });
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
    const { registration, event } = delivery;
    const span = this.#telemetry?.start('accept', {
      attributes: { [ATTRIBUTES.registration]: registration, [ATTRIBUTES.eventType]: eventTypeOf(event) },
      parent: this.#arrivals.get(delivery)?.span,
    });
    try {
      const receipt = await (span ? inSpan(span, work) : work());
      this.#accepted(delivery, receipt);
      return receipt;
    } catch (error) {
      this.#notAccepted(delivery, error);
      throw error;
    }
  }

  #accepted(delivery: VerifiedDelivery, { status: receipt, httpStatus: status }: InboxReceipt): void {
    this.#report(delivery, { status, receipt });
  }

  #notAccepted(delivery: VerifiedDelivery, error: unknown): void {
    const { status, code } = problemOf(error).problem;
    this.#report(delivery, { status, code }, { error });
  }

  /** Call for a delivery that did not verify. */
  refused(registration: string, error: unknown, arrival: DeliveryArrival | undefined): void {
    if (!arrival) return;
    const { status, code } = problemOf(error).problem;
    const answer = { registration, status, code };
    this.#reports.next({ ...answer, durationMs: performance.now() - arrival.at });
    arrival.span?.end({ error, attributes: deliveryAttributes(answer) });
  }

  #report(
    delivery: VerifiedDelivery,
    answer: Pick<GeminiDeliveryReport, 'status' | 'code' | 'receipt'>,
    failure: { readonly error?: unknown } = {},
  ): void {
    const { registration, strategy, id, event } = delivery;
    const arrival = this.#arrivals.get(delivery);
    if (this.#reports.observed && !isDoctorProbe(delivery)) {
      const now = performance.now();
      const durationMs = now - (arrival?.at ?? now);
      this.#reports.next({ registration, ...answer, strategy, id, type: event.type, durationMs });
    }
    if (!arrival?.span) return;
    const attributes = {
      ...deliveryAttributes({ registration, ...answer }),
      [ATTRIBUTES.strategy]: strategy,
      [ATTRIBUTES.eventType]: eventTypeOf(event),
    };
    arrival.span.end({ ...failure, attributes });
  }
}
