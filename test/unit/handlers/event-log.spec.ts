import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { UnrecoverableEventError } from '../../../lib/errors.js';
import { DedupeEntry } from '../../../lib/inbox/dedupe-cache.js';
import { DOCTOR_PROBE_TYPE } from '../../../lib/shared/doctor-probe.js';
import { deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';
import { dispatcherOf, publish, recordedCheckpoints } from '../../support/dispatchers.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const delivery = deliveryOf();
let logger: RecordingLogger;

beforeEach(() => {
  jest.useFakeTimers();
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});
afterEach(() => {
  jest.useRealTimers();
  Logger.overrideLogger(false);
});

describe('the log', () => {
  it('names the handler, the event and the error, with the stack', async () => {
    const error = new Error('down');
    await dispatcherOf(publish(() => Promise.reject(error))).dispatch(delivery, {
      attempt: 2,
      checkpoints: new DedupeEntry(),
    });

    expect(logger.entries).toEqual([
      {
        level: 'error',
        text: `publish failed for batch.succeeded msg_batch_1, attempt 2: down (it will be retried) ${error.stack} GeminiWebhooks`,
      },
    ]);
  });

  it.each([
    { what: 'no error', thrown: 'just text' },
    { what: 'an error whose stack is no text', thrown: Object.assign(new Error('just text'), { stack: 7 }) },
    {
      what: 'an error whose stack cannot be read',
      thrown: Object.defineProperty(new Error('just text'), 'stack', {
        get() {
          throw new Error('no stack');
        },
      }),
    },
    { what: 'an object that looks like an error', thrown: { message: 'just text', stack: 'at some place' } },
  ])('has no stack of $what', async ({ thrown }) => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    await dispatcherOf(publish(() => Promise.reject(thrown as Error))).dispatch(delivery, {
      attempt: 1,
      checkpoints: new DedupeEntry(),
    });

    expect(error.mock.calls).toEqual([[expect.stringContaining('publish failed for'), undefined]]);
    error.mockRestore();
  });

  it('says how long a handler had that exceeded its timeout, and why it failed later', async () => {
    const run = deferred();
    const handler = publish(() => run.promise, { timeoutMs: 1000 });
    const outcome = dispatcherOf(handler).dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry() });
    await jest.advanceTimersByTimeAsync(1000);
    await outcome;
    run.reject(new Error('aborted'));
    await jest.advanceTimersByTimeAsync(0);

    expect(logger.of('error')).toEqual([
      expect.stringContaining(': publish took longer than its timeoutMs (1000 ms). (it will be retried)'),
    ]);
    expect(logger.of('warn')).toEqual([
      'publish failed after its timeout, for batch.succeeded msg_batch_1: aborted GeminiWebhooks',
    ]);
  });

  it('says that a final failure could not be saved', async () => {
    const checkpoints = recordedCheckpoints(() => Promise.reject(new Error('the store is down')));
    await dispatcherOf(publish(() => Promise.reject(new UnrecoverableEventError('never')))).dispatch(delivery, {
      attempt: 1,
      checkpoints,
    });

    expect(logger.of('error')[1]).toMatch(/^The final failure of publish could not be saved: the store is down /);
  });
});

describe('an event without a handler', () => {
  const internal = publish(async () => undefined, { name: 'internal', isInternal: true });
  const unhandled = expect.stringContaining('No handler in this process receives "batch.succeeded"');

  it.each([
    { what: 'is reported', handlers: [], observed: false, wanted: false, warnings: [unhandled] },
    {
      what: 'is reported if only ours run',
      handlers: [internal],
      observed: false,
      wanted: false,
      warnings: [unhandled],
    },
    { what: 'is no news if the bus has subscribers', handlers: [], observed: true, wanted: false, warnings: [] },
    { what: 'is no news if another process handles it', handlers: [], observed: false, wanted: true, warnings: [] },
    { what: 'is none', handlers: [publish(async () => undefined)], observed: false, wanted: false, warnings: [] },
  ])('$what', async ({ handlers, observed, wanted, warnings }) => {
    const dispatcher = dispatcherOf(...handlers);
    dispatcher.observeBus(() => observed);

    await dispatcher.dispatch(delivery, { attempt: 1, isWantedElsewhere: wanted, checkpoints: new DedupeEntry() });

    expect(logger.of('warn')).toEqual(warnings);
  });

  it('is reported if nobody has said whether the bus is observed', async () => {
    await dispatcherOf().dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry() });

    expect(logger.of('warn')).toEqual([unhandled]);
  });
});

describe('the probe of the doctor', () => {
  it('reaches no handler and is not reported', async () => {
    const invoke = jest.fn(async () => undefined);
    const run = { attempt: 1, checkpoints: new DedupeEntry() };

    const probe = deliveryOf({ type: DOCTOR_PROBE_TYPE });
    const outcomes = [
      await dispatcherOf(publish(invoke, { patterns: ['*'] })).dispatch(probe, run),
      await dispatcherOf().dispatch(probe, run),
    ];

    expect(outcomes).toEqual([
      { retryable: [], final: [] },
      { retryable: [], final: [] },
    ]);
    expect(invoke).not.toHaveBeenCalled();
    expect(logger.entries).toEqual([]);
  });
});
