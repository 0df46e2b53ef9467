import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemOf } from '../problem.js';
import { isDoctorProbe } from '../shared/doctor-probe.js';
import type { InboxReceipt } from './inbox-engine.js';

/** Reports how each delivery was answered. Does nothing while nobody listens. */
@Injectable()
export class DeliveryReports {
  readonly #reports = new Subject<GeminiDeliveryReport>();
  readonly #begun = new WeakMap<VerifiedDelivery, number>();

  readonly reports$: Observable<GeminiDeliveryReport> = this.#reports.asObservable();

  /** Returns the time of a delivery's arrival for the calls below; `undefined` while nobody listens. */
  arrived(): number | undefined {
    return this.#reports.observed ? performance.now() : undefined;
  }

  /** Call for a verified delivery. The inbox reports it. */
  verified(delivery: VerifiedDelivery, arrivedAt: number | undefined): void {
    if (arrivedAt !== undefined) this.#begun.set(delivery, arrivedAt);
  }

  accepted(delivery: VerifiedDelivery, { status: receipt, httpStatus: status }: InboxReceipt): void {
    if (this.#reports.observed) this.#report(delivery, { status, receipt });
  }

  /** Call for a verified delivery that the inbox did not accept. */
  notAccepted(delivery: VerifiedDelivery, error: unknown): void {
    if (!this.#reports.observed) return;
    const { status, code } = problemOf(error).problem;
    this.#report(delivery, { status, code });
  }

  /** Call for a delivery that did not verify. */
  refused(registration: string, error: unknown, arrivedAt: number | undefined): void {
    if (arrivedAt === undefined) return;
    const { status, code } = problemOf(error).problem;
    this.#reports.next({ registration, status, code, durationMs: performance.now() - arrivedAt });
  }

  #report(delivery: VerifiedDelivery, answer: Pick<GeminiDeliveryReport, 'status' | 'code' | 'receipt'>): void {
    if (isDoctorProbe(delivery)) return;
    const { registration, strategy, id, event } = delivery;
    const now = performance.now();
    const durationMs = now - (this.#begun.get(delivery) ?? now);
    this.#reports.next({ registration, ...answer, strategy, id, type: event.type, durationMs });
  }
}
