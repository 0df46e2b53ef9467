import { describe, expect, it } from '@jest/globals';
import { lostJob, reconciledDelivery } from '../../../../lib/jobs/polling/polled-delivery.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { newJob } from '../../../support/scripted-gemini.js';

const now = new Date('2026-01-22T12:00:00Z');
const succeeded = { type: 'batch.succeeded', data: { id: 'b1' } } as const;

describe('the delivery of an event that polling found', () => {
  it("is what the job's webhook would have brought, under the same key", () => {
    const job = newJob({ name: 'batches/b1', params: { project: 'acme' }, metadata: { orderId: 7 } });
    const delivery = reconciledDelivery(job, 'batches/b1', { event: succeeded }, 'default', now);
    const raw = {
      type: 'batch.succeeded',
      version: 'v1',
      timestamp: '2026-01-22T12:00:00.000Z',
      data: { id: 'b1' },
      user_metadata: { orderId: 7 },
    };

    expect(delivery).toMatchObject({
      id: 'reconciled_b1',
      registration: 'default',
      attemptedAt: now,
      strategy: 'reconciled',
      params: { project: 'acme' },
      key: deliveryOf({ id: 'b1', params: { project: 'acme' }, job: { kind: 'batch', id: job.id } }).key,
      event: { type: 'batch.succeeded', data: { id: 'b1' }, userMetadata: { orderId: 7 } },
    });
    expect(JSON.parse(String(delivery.body))).toEqual(raw);
  });

  it('has no user metadata if the job has none', () => {
    const { body } = reconciledDelivery(newJob(), 'b1', { event: succeeded }, 'default', now);

    expect(JSON.parse(String(body))).not.toHaveProperty('user_metadata');
  });

  it("has the key of Gemini's resource if the job's webhook has no token", () => {
    const job = newJob({ name: 'batches/b1', bound: false });

    expect(reconciledDelivery(job, 'batches/b1', { event: succeeded }, 'default', now).key).toBe(
      deliveryOf({ id: 'b1' }).key,
    );
  });

  it('has the key of the event that Gemini would have sent', () => {
    const job = newJob({ kind: 'video', name: 'interactions/v1', bound: false });
    const event = { type: 'video.failed', data: { id: 'v1', reason: 'filtered' } } as const;
    const delivery = reconciledDelivery(
      job,
      'interactions/v1',
      { event, announcedAs: 'interaction.completed' },
      'default',
      now,
    );

    expect(delivery.event.type).toBe('video.failed');
    expect(delivery.key).toBe(deliveryOf({ type: 'interaction.completed', id: 'v1' }).key);
  });
});

describe('the notice of a lost job', () => {
  it.each([
    ['not_found', 'Gemini reports that there is no such job'],
    ['unknown_outcome', 'no event arrived, and polling did not find how the job ended'],
  ] as const)('tells %s as "%s"', (outcome, message) => {
    const job = newJob({ kind: 'video', name: 'interactions/v1' });
    const { settlement, notice } = lostJob(job, outcome, 'default', now);

    expect(settlement).toStrictEqual({ outcome, event: notice.event, message });
    expect(notice).toMatchObject({
      id: 'reconciled_v1',
      event: { type: 'video.lost', data: { id: 'v1', reason: outcome, message } },
    });
  });

  it("names the job by our own id if Gemini's name is unknown", () => {
    const job = newJob();
    const { notice } = lostJob(job, 'unknown_outcome', 'default', now);

    expect(notice).toMatchObject({ id: `reconciled_${job.id}`, event: { data: { id: job.id } } });
  });
});
