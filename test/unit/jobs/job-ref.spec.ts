import { describe, expect, it } from '@jest/globals';
import { idOfName } from '../../../lib/inbox/job-tracker.js';
import { describedJob, newJobId, type GeminiJobRef } from '../../../lib/jobs/job-ref.js';
import { deliveryOf } from '../../support/deliveries.js';
import { codeOf } from '../../support/verifying.js';

const nameOf = (ref: GeminiJobRef) => {
  const { kind, name } = describedJob(ref);
  return [kind, name];
};

describe('a reference to a job', () => {
  it.each([
    ['batches/123', ['batch', 'batches/123']],
    ['batch_123', ['batch', 'batches/123']],
    ['models/veo-3.1/operations/abc', ['video', 'models/veo-3.1/operations/abc']],
    ['v1_ChdQ', ['interaction', 'v1_ChdQ']],
  ])('may be the resource name %s', (ref, described) => {
    expect(nameOf(ref)).toEqual(described);
  });

  it('may be the id of a job that we started, which contains the kind', () => {
    const id = newJobId('video');

    expect(describedJob(id)).toEqual({ id, kind: 'video', params: {}, bound: true });
  });

  it('may be the id of a job that is tracked by name, which contains the name', () => {
    const name = 'models/m/operations/a b';
    const { id } = describedJob(name, { project: 'x/y' });

    // A video is tracked as the interaction that makes it.
    expect(describedJob(id)).toMatchObject({ id, kind: 'interaction', name: 'a b' });
  });

  it('may be a job, whose name it keeps', () => {
    const job = { id: newJobId('batch'), kind: 'batch', name: 'batches/1' } as const;

    expect(describedJob(job)).toMatchObject(job);
  });

  it('may be an event, with the route parameters of its delivery', () => {
    const { event } = deliveryOf({ params: { project: 'acme' } });

    expect(describedJob(event)).toEqual({
      id: idOfName({ kind: 'batch', name: event.resource!.name, params: { project: 'acme' } }),
      kind: 'batch',
      name: event.resource!.name,
      params: { project: 'acme' },
      bound: false,
    });
  });

  it('may be an event whose token named a job of ours', () => {
    const id = newJobId('batch');
    const { event } = deliveryOf({ job: { kind: 'batch', id } });

    expect(describedJob(event)).toMatchObject({ id, kind: 'batch', bound: true });
  });

  it('is the same for every spelling of one name, and differs by kind and parameters', () => {
    const ids = ['batches/123', 'batch_123'].map((ref) => describedJob(ref).id);

    expect(new Set(ids).size).toBe(1);
    expect(new Set([...ids, describedJob('123').id, describedJob('batch_123', { project: 'a' }).id]).size).toBe(3);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['an over-long text', 'x'.repeat(2_001)],
    ['an event of an unknown type', deliveryOf({ type: 'model.tuned' }).event],
    ['an object of another kind', {}],
  ])('is rejected if it is %s', async (_, ref) => {
    expect(await codeOf(() => describedJob(ref as GeminiJobRef))).toBe('invalid_argument');
  });
});
