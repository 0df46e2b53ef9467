import { describe, expect, it } from '@jest/globals';
import {
  fromDeliveryJobData,
  deliveryJobId,
  deliveryJobName,
  toDeliveryJobData,
  type DeliveryJobData,
} from '../../../../lib/bullmq/store/delivery-job.js';
import { verifiedDelivery, type VerifiedDelivery } from '../../../../lib/events/verified-delivery.js';
import { bodyOf } from '../../../support/senders.js';

function deliveryWith({
  type = 'batch.succeeded',
  params = {},
}: { type?: string; params?: Record<string, string> } = {}): VerifiedDelivery {
  const body = bodyOf(type, { id: 'batch_1' });
  return verifiedDelivery({
    id: 'msg_1',
    registration: 'default',
    attemptedAt: new Date('2026-01-22T12:00:00Z'),
    strategy: 'hmac',
    params,
    raw: JSON.parse(body) as { type: string },
    body: Buffer.from(body),
  });
}

/** Characters that PostgreSQL's jsonb rejects in any text of the data. */
function refused(data: unknown): boolean {
  if (typeof data === 'string') return data.includes('\0') || /\p{Surrogate}/u.test(data);
  return typeof data === 'object' && data !== null && Object.entries(data).flat().some(refused);
}

const PARAMS: [string, Record<string, string>][] = [
  ['nothing', {}],
  ['ordinary text', { project: 'acme', tenant: 'äöü 漢字 🎉' }],
  ['a NUL', { project: 'a\0b', 'na\0me': '' }],
  ['lone surrogates', { project: '\ud800', tenant: 'x\udfff' }],
];

describe('a delivery job', () => {
  it.each(PARAMS)(
    'restores a delivery whose route parameters contain %s, from data that every store accepts',
    (_, params) => {
      const delivery = deliveryWith({ params });
      const data = toDeliveryJobData(delivery);

      expect(refused(data)).toBe(false);
      expect(fromDeliveryJobData(JSON.parse(JSON.stringify(data)) as DeliveryJobData)).toStrictEqual(delivery);
    },
  );

  it.each([
    [{ v: 3 }, '3'],
    [{}, 'undefined'],
    [null, 'undefined'],
    ['text', 'undefined'],
  ])('rejects data of an unknown version: %j', (data, version) => {
    expect(() => fromDeliveryJobData(data as unknown as DeliveryJobData)).toThrow(
      expect.objectContaining({ code: 'malformed_event', message: expect.stringContaining(`version ${version}`) }),
    );
  });

  it('has a distinct id for each key that BullMQ accepts', () => {
    const ids = ['1', 'a:b:c', 'a\0b', 'default/batch/1/batch.succeeded'].map(deliveryJobId);

    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^e[\w-]{43}$/);
  });

  it.each([
    ['batch.completed', 'batch.succeeded'],
    ['odd\0\ud800', 'odd\ufffd\ufffd'],
    ['', 'unknown'],
    ['x'.repeat(10_000), 'x'.repeat(100)],
  ])('is named after the type', (type, name) => {
    expect(deliveryJobName(deliveryWith({ type }))).toBe(name);
  });
});
