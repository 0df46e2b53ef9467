import { describe, expect, it } from '@jest/globals';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import type { GeminiDeliveryReport } from '../../../lib/events/delivery-report.js';
import { DeliveryReports } from '../../../lib/inbox/delivery-reports.js';
import { problemOf } from '../../../lib/problem.js';
import { answerAttributes } from '../../../lib/telemetry/attributes.js';
import type { Telemetry, TelemetrySpan } from '../../../lib/telemetry/telemetry.js';
import { deliveryOf } from '../../support/deliveries.js';

const refusal = new GeminiWebhooksError('signature_mismatch', 'No.');
const receipt = { status: 'accepted', httpStatus: 202 } as const;

/** Telemetry that records spans, of which `receive` may be unrecorded. */
function tracing({ isTracing = true, isRecording = true } = {}) {
  const lines: unknown[] = [];
  const start = (name: string, { parent, ...options }: { parent?: TelemetrySpan } = {}) => {
    lines.push([name, options, ...(parent ? ['in a span'] : [])]);
    return {
      isRecording,
      run: (work: () => unknown) => {
        lines.push(`in ${name}`);
        return work();
      },
      end: (end: unknown) => lines.push([`end of ${name}`, end]),
    };
  };
  return { telemetry: { isTracing, start } as unknown as Telemetry, lines };
}

function listening(telemetry?: Telemetry) {
  const reports = new DeliveryReports(telemetry);
  const seen: GeminiDeliveryReport[] = [];
  reports.reports$.subscribe((report) => seen.push(report));
  return { reports, seen };
}

describe('the reports of deliveries', () => {
  it('have nothing to do if nobody listens and the app is not traced', async () => {
    for (const telemetry of [undefined, tracing({ isTracing: false }).telemetry]) {
      const reports = new DeliveryReports(telemetry);
      const work = Promise.resolve(receipt);
      const delivery = deliveryOf();
      const arrival = reports.arrived('default', {});

      expect(arrival).toBeUndefined();
      reports.verified(delivery, arrival);
      expect(reports.accept(delivery, () => work)).toBe(work);
      expect(() => reports.refused('default', refusal, arrival)).not.toThrow();
    }
  });

  it('say how an accepted delivery was answered, and how long that took', async () => {
    const { reports, seen } = listening();
    const delivery = deliveryOf();
    const arrival = reports.arrived('default', {})!;
    expect(reports.verify(arrival, () => 'verified')).toBe('verified');
    reports.verified(delivery, arrival);
    expect(await reports.accept(delivery, async () => receipt)).toBe(receipt);

    expect(seen).toEqual([
      {
        registration: 'default',
        status: 202,
        receipt: 'accepted',
        strategy: 'hmac',
        id: delivery.id,
        type: 'batch.succeeded',
        durationMs: expect.any(Number),
      },
    ]);
    expect(seen[0]!.durationMs).toBeGreaterThanOrEqual(0);
    expect(seen[0]!.durationMs).toBeLessThan(10_000);
  });

  it('have no duration for a delivery that arrived before somebody listened', async () => {
    const { reports, seen } = listening();
    await reports.accept(deliveryOf(), async () => receipt);

    expect(seen).toMatchObject([{ status: 202, durationMs: 0 }]);
  });

  it('say why a delivery was not accepted or not verified', async () => {
    const { reports, seen } = listening();
    const down = new GeminiWebhooksError('inbox_unavailable', 'No.');
    const arrival = reports.arrived('default', {});
    await expect(reports.accept(deliveryOf(), () => Promise.reject(down))).rejects.toBe(down);
    reports.refused('default', refusal, arrival);

    expect(seen).toMatchObject([
      { status: 503, code: 'inbox_unavailable', id: 'msg_batch_1' },
      { registration: 'default', status: 401, code: 'signature_mismatch' },
    ]);
    expect(seen[1]!.durationMs).toBeLessThan(10_000);
    expect(seen[1]!.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('leave out a probe of doctor', async () => {
    const { reports, seen } = listening();
    await reports.accept(deliveryOf({ type: 'doctor.check' }), async () => receipt);

    expect(seen).toEqual([]);
  });
});

describe('the trace of a delivery', () => {
  it('has a span until the answer, and in it those of the verification and the acceptance', async () => {
    const { telemetry, lines } = tracing();
    const reports = new DeliveryReports(telemetry);
    const delivery = deliveryOf();
    const headers = { traceparent: '00-1' };
    const arrival = reports.arrived('default', headers)!;
    reports.verify(arrival, () => lines.push('verification'));
    reports.verified(delivery, arrival);
    await reports.accept(delivery, async () => {
      lines.push('acceptance');
      return receipt;
    });

    expect(lines).toEqual([
      ['receive', { attributes: expect.anything(), headers }],
      ['verify', {}, 'in a span'],
      'in verify',
      'verification',
      ['end of verify', undefined],
      ['accept', { attributes: expect.anything() }, 'in a span'],
      'in accept',
      'acceptance',
      ['end of accept', undefined],
      ['end of receive', { attributes: expect.anything() }],
    ]);
    const attributesOf = (index: number) => (lines[index] as [string, { attributes: object }])[1].attributes;
    expect(Object.values(attributesOf(0))).toEqual(['default']);
    expect(Object.values(attributesOf(5))).toEqual(['default', 'batch.succeeded']);
  });

  it('has the errors of a refusal and of a failed acceptance', async () => {
    const { telemetry, lines } = tracing();
    const reports = new DeliveryReports(telemetry);
    const delivery = deliveryOf();
    const down = new GeminiWebhooksError('inbox_unavailable', 'No.');
    reports.verified(delivery, reports.arrived('default', {}));
    await expect(reports.accept(delivery, () => Promise.reject(down))).rejects.toBe(down);
    reports.refused('default', refusal, reports.arrived('default', {}));

    expect(lines.filter((line) => Array.isArray(line) && String(line[0]).startsWith('end'))).toEqual([
      ['end of accept', { error: down }],
      ['end of receive', { error: down, attributes: expect.anything() }],
      ['end of receive', { error: refusal, attributes: expect.anything() }],
    ]);
  });

  it('has no further spans within one that is not recorded, but keeps it active', async () => {
    const { telemetry, lines } = tracing({ isRecording: false });
    const reports = new DeliveryReports(telemetry);
    const delivery = deliveryOf();
    const arrival = reports.arrived('default', {})!;
    reports.verify(arrival, () => undefined);
    reports.verified(delivery, arrival);
    await reports.accept(delivery, async () => receipt);

    expect(lines).toEqual([expect.arrayContaining(['receive']), 'in receive', 'in receive']);
  });

  it('begins with the acceptance for a delivery of a custom route', async () => {
    const { telemetry, lines } = tracing();
    await new DeliveryReports(telemetry).accept(deliveryOf(), async () => receipt);

    expect(lines).toEqual([['accept', { attributes: expect.anything() }], 'in accept', ['end of accept', undefined]]);
  });
});

describe('the span of a delivery that did not verify', () => {
  it('ends with the error and the answer', () => {
    const { telemetry, lines } = tracing();
    const reports = new DeliveryReports(telemetry);

    reports.refused('default', refusal, reports.arrived('default', {}));

    const { status, code } = problemOf(refusal).problem;
    expect(code).toBe('signature_mismatch');
    expect(lines.at(-1)).toEqual([
      'end of receive',
      { error: refusal, attributes: answerAttributes({ status, code }) },
    ]);
    expect(answerAttributes({ status, code })).not.toEqual(answerAttributes({} as never));
  });
});
