import { describe, expect, it } from '@jest/globals';
import {
  missingHandlers,
  missingReason,
  unavailableReason,
} from '../../../../lib/bullmq/deliveries/missing-handlers.js';
import { toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import { deliveryOf } from '../../../support/deliveries.js';

const NONE = { names: [], served: [], idle: [], gone: [] };

describe('the handlers that a worker must leave to others', () => {
  const delivery = deliveryOf();
  const missing = ({ run = [] as string[], idle = [] as string[], unfinished = [] as string[], of = delivery } = {}) =>
    missingHandlers(
      { data: { ...toDeliveryJobData(of), idleHandlers: ['gone', 'mine'] } },
      {
        delivery: of,
        own: [{ name: 'mine' }],
        wanted: { run, idle },
        checkpoints: { has: (name) => name === 'done', unfinished },
      },
    );

  it('are those of live workers, of receive-only processes and of stopped processes', () => {
    expect(missing({ run: ['theirs', 'mine', 'done'], idle: ['idle', 'mine', 'done'], unfinished: ['begun'] })).toEqual(
      {
        names: ['theirs', 'idle', 'begun', 'gone'],
        served: ['theirs'],
        idle: ['idle'],
        gone: ['begun', 'gone'],
      },
    );
  });

  it('are not gone if a live process has them', () => {
    expect(missing({ run: ['gone'] })).toEqual({ ...NONE, names: ['gone'], served: ['gone'] });
    expect(missing({ idle: ['gone'] })).toEqual({ ...NONE, names: ['gone'], idle: ['gone'] });
  });

  it('are none for a probe of doctor', () => {
    expect(missing({ run: ['theirs'], of: deliveryOf({ type: 'doctor.check' }) })).toEqual(NONE);
  });
});

describe('the reason why handlers did not run', () => {
  const [served, idle, gone] = [{ served: ['a', 'b'] }, { idle: ['c', 'd'] }, { gone: ['e', 'f'] }];
  const ran = 'no live worker has run a, b';
  const idles =
    'no worker has c, d, and a process with workers: false does not run its own: list the class in a module of the workers, then replay the event';
  const stopped =
    'no live worker has e, f: start a worker that has it (if it was renamed, under its old name), then replay the event, or discard the event if the handler was removed';

  it.each([
    [served, ran],
    [idle, idles],
    [gone, stopped],
    [{ ...served, ...idle, ...gone }, `${ran}; ${idles}; ${stopped}`],
  ])('names them and what to do: %j', (missing, reason) => {
    expect(missingReason({ ...NONE, ...missing })).toBe(reason);
  });

  const idleHint =
    'A process with `workers: false` does not run its own. List their classes in a module of the workers.';
  const goneHint =
    'No live process has e, f: start a worker that has it. Apps that share a store but no handlers each need their own queueName.';

  it.each([
    [{}, ''],
    [idle, idleHint],
    [gone, goneHint],
    [{ ...idle, ...gone }, `${idleHint} ${goneHint}`],
  ])("explains it for the app's log: %j", (missing, reason) => {
    expect(unavailableReason({ ...NONE, ...missing })).toBe(reason);
  });
});
