import type { Observable } from 'rxjs';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import type { GeminiEventAttempt } from '../events/event-attempt.js';
import { ATTRIBUTES, attemptAttributes, deliveryAttributes, messageAttributes } from './attributes.js';
import type { Telemetry } from './telemetry.js';

/** Streams of an app that metrics count. */
export interface ReportStreams {
  readonly deliveries$: Observable<GeminiDeliveryReport>;
  readonly attempts$: Observable<GeminiEventAttempt>;
}

/** Counts and measures the deliveries and attempts of an app. Does not subscribe if the app collects no metrics. */
export function reportMetrics(telemetry: Telemetry, { deliveries$, attempts$ }: ReportStreams): void {
  if (!telemetry.isMetering) return;
  deliveries$.subscribe((report) => {
    telemetry.count('gemini.webhooks.deliveries', deliveryAttributes(report));
    telemetry.measure('messaging.process.duration', report.durationMs / 1_000, messageAttributes(report));
  });
  attempts$.subscribe((attempt) => {
    telemetry.measure('gemini.webhooks.handler.duration', attempt.durationMs / 1_000, attemptAttributes(attempt));
    if (attempt.attempt === 1) return;
    const { registration } = attempt.event.delivery;
    telemetry.count('gemini.webhooks.handler.retries', {
      [ATTRIBUTES.registration]: registration,
      [ATTRIBUTES.handler]: attempt.handler,
    });
  });
}
