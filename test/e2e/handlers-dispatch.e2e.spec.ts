import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import {
  GeminiEventBus,
  OnGeminiEvent,
  TimeoutError,
  UnrecoverableEventError,
  type GeminiEvent,
  type GeminiEventFailure,
  type GeminiHandlerContext,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, DUPLICATE, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];
const contexts: GeminiHandlerContext[] = [];
let act: (run: number) => unknown = () => undefined;
let slow: Deferred;

/** Runs what the test sets; `run` counts from 1. */
@Injectable()
class Fickle {
  #runs = 0;

  @OnGeminiEvent('*')
  run(_event: GeminiEvent, context: GeminiHandlerContext) {
    this.#runs += 1;
    seen.push('Fickle');
    contexts.push(context);
    return act(this.#runs);
  }
}

@Injectable()
class Steady {
  @OnGeminiEvent('*')
  run() {
    seen.push('Steady');
  }
}

@Injectable()
class Hopeless {
  @OnGeminiEvent('*')
  async run() {
    seen.push('Hopeless');
    throw new UnrecoverableEventError('no such order: 7');
  }
}

@Injectable()
class Slow {
  @OnGeminiEvent('*', { timeoutMs: 15 })
  async run(_event: GeminiEvent, context: GeminiHandlerContext) {
    seen.push('Slow');
    contexts.push(context);
    await slow.promise;
  }
}

const THROWN: readonly { what: string; value: unknown }[] = [
  { what: 'an Error', value: new Error('gone') },
  { what: 'its own TimeoutError', value: new TimeoutError('the API took too long') },
  { what: 'a string', value: 'gone' },
  { what: 'a number', value: 0 },
  { what: 'undefined', value: undefined },
  { what: 'null', value: null },
  { what: 'an object', value: { gone: true } },
  { what: 'a symbol', value: Symbol('gone') },
  { what: 'an object without a prototype', value: Object.create(null) as object },
];

afterEach(async () => {
  seen.length = 0;
  contexts.length = 0;
  act = () => undefined;
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('the handlers of an event', () => {
  const start = async (...providers: Type[]) => {
    const logger = new RecordingLogger();
    const { app, origin } = await startApp(
      { imports: [staticWebhooks()], providers },
      { adapter, options: { logger } },
    );
    const failures: GeminiEventFailure[] = [];
    app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
    return { origin, failures, logger };
  };

  it('run concurrently, so that each can wait for the others', async () => {
    const first = deferred();
    const second = deferred();
    @Injectable()
    class Meeting {
      @OnGeminiEvent('*')
      async one() {
        first.resolve();
        await second.promise;
      }

      @OnGeminiEvent('*')
      async two() {
        second.resolve();
        await first.promise;
      }
    }
    const { origin } = await start(Meeting);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it.each(THROWN)('do not stop each other by throwing $what, and only the failed one runs again', async ({ value }) => {
    act = (run) => {
      if (run === 1) throw value;
    };
    const { origin, failures, logger } = await start(Fickle, Steady);

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject(DUPLICATE);

    expect(seen).toEqual(['Fickle', 'Steady', 'Fickle']);
    expect(failures).toEqual([
      {
        event: expect.objectContaining({ type: 'batch.succeeded' }),
        handler: 'Fickle.run',
        error: value,
        attempt: 1,
        final: false,
      },
    ]);
    expect(logger.of('error')).toEqual([
      expect.stringMatching(/^Fickle\.run failed for batch\.succeeded msg_\S+, attempt 1: .*\(it will be retried\)/),
    ]);
  });

  it('receive the attempt, the name and the delivery', async () => {
    act = (run) => (run < 3 ? Promise.reject(new Error(`run ${run}`)) : undefined);
    const { origin, failures } = await start(Fickle);

    for (const answer of [HANDLER_FAILED, HANDLER_FAILED, PROCESSED]) {
      expect(await deliver(origin)).toMatchObject(answer);
    }

    expect(contexts.map(({ attempt, handler }) => [attempt, handler])).toEqual([
      [1, 'Fickle.run'],
      [2, 'Fickle.run'],
      [3, 'Fickle.run'],
    ]);
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(contexts[0]?.delivery).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      registration: 'default',
      strategy: 'hmac',
      sentType: 'batch.succeeded',
      params: {},
    });
    expect(contexts[0]?.signal.aborted).toBe(false);
  });

  it('that fail permanently are logged, answered with 200 and not run again', async () => {
    const { origin, failures, logger } = await start(Hopeless, Steady);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject(DUPLICATE);

    expect(seen.toSorted()).toEqual(['Hopeless', 'Steady']);
    expect(failures).toMatchObject([{ handler: 'Hopeless.run', attempt: 1, final: true }]);
    expect(logger.of('error')).toEqual([
      expect.stringMatching(/^Hopeless\.run failed .*no such order: 7 \(it will not be retried\)/),
    ]);
  });

  it('keep their attempts when one of them fails permanently', async () => {
    act = (run) => (run === 1 ? Promise.reject(new Error('once')) : undefined);
    const { origin, failures } = await start(Hopeless, Fickle);

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(seen).toEqual(['Hopeless', 'Fickle', 'Fickle']);
    expect(failures.map(({ handler, final }) => [handler, final])).toEqual([
      ['Hopeless.run', true],
      ['Fickle.run', false],
    ]);
  });

  it('that exceed timeoutMs are aborted and not started again until they end, and a late success counts', async () => {
    slow = deferred();
    const { origin, failures } = await start(Slow, Steady);

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect(contexts[0]?.signal.reason).toBeInstanceOf(TimeoutError);
    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(failures).toMatchObject([
      { handler: 'Slow.run', attempt: 1, final: false, error: { name: 'TimeoutError' } },
      { handler: 'Slow.run', attempt: 2, final: false, error: { name: 'TimeoutError' } },
    ]);

    slow.resolve();
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['Slow', 'Steady']);
  });
});
