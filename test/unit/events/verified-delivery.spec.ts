import { describe, expect, it } from '@jest/globals';
import { decidedDelivery, restoredDelivery, verifiedDelivery } from '../../../lib/events/verified-delivery.js';

const raw = { type: 'interaction.completed', data: { id: 'i1', extra: 1 } };
const facts = {
  id: 'msg_1',
  registration: 'default',
  attemptedAt: new Date('2026-01-22T12:00:00Z'),
  strategy: 'jwks',
  params: { project: 'acme' },
  raw,
  body: Buffer.from(JSON.stringify(raw)),
};

describe('a decided delivery', () => {
  const sent = verifiedDelivery(facts);

  it('has the decided type, data and resource, and everything else as it was sent', () => {
    const decided = decidedDelivery(sent, { type: 'video.generated', data: { id: 'v1', video_uri: 'gs://b/v' } });

    expect(decided).toEqual({
      ...sent,
      event: {
        ...sent.event,
        type: 'video.generated',
        data: { id: 'v1', extra: 1, video_uri: 'gs://b/v' },
        resource: { kind: 'video', name: 'v1' },
      },
    });
    expect(decided.sentType).toBe('interaction.completed');
  });

  it('keeps the resource if the decided data names no job of Gemini', () => {
    const { event } = decidedDelivery(sent, { type: 'video.failed', data: { id: 'job.video.1' } });

    expect(event.resource).toEqual({ kind: 'interaction', name: 'i1' });
  });
});

describe('a restored delivery', () => {
  it('equals the one that was verified, but for the key, which is the stored one', () => {
    const verified = verifiedDelivery(facts);
    const restored = restoredDelivery(facts, 'the stored key');

    expect(restored).toEqual({
      ...verified,
      key: 'the stored key',
      event: { ...verified.event, delivery: { ...verified.event.delivery, key: 'the stored key' } },
    });
  });
});
