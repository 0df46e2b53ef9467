import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type ModuleMetadata,
  type NestInterceptor,
} from '@nestjs/common';
import {
  EMPTY,
  finalize,
  map,
  merge,
  mergeMap,
  Observable,
  of,
  race,
  retry,
  Subject,
  take,
  takeUntil,
  throwError,
} from 'rxjs';
import { setImmediate as turn } from 'node:timers/promises';
import { GeminiEventBus, OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];

@Injectable()
class Journal {
  write(line: string) {
    seen.push(line);
  }
}

@Injectable()
class JournalInterceptor implements NestInterceptor {
  constructor(private readonly journal: Journal) {}

  intercept(context: ExecutionContext, next: CallHandler) {
    this.journal.write(`before ${context.getType()}`);
    return next.handle().pipe(
      map((result: unknown) => this.journal.write(`got ${String(result)}`)),
      finalize(() => this.journal.write('after')),
    );
  }
}

const bracket = (name: string): NestInterceptor => ({
  intercept: (_context, next) => {
    seen.push(`${name} in`);
    return next.handle().pipe(finalize(() => seen.push(`${name} out`)));
  },
});

@Injectable()
class Intercepted {
  @OnGeminiEvent('*')
  @UseInterceptors(JournalInterceptor)
  async run() {
    seen.push('handler');
    return 'a result';
  }
}

@Controller('intercepted')
@UseInterceptors(JournalInterceptor)
class InterceptedController {
  @OnGeminiEvent('*')
  async run() {
    seen.push('handler');
    return 'a result';
  }
}

@Injectable()
@UseInterceptors(bracket('class'))
class InterceptedTwice {
  @OnGeminiEvent('*')
  @UseInterceptors(bracket('method'))
  run() {
    seen.push('handler');
  }
}

afterEach(async () => {
  seen.length = 0;
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('interceptors of handlers', () => {
  const start = ({ providers = [], ...rest }: ModuleMetadata) =>
    startApp({ imports: [staticWebhooks()], providers: [Journal, ...providers], ...rest }, { adapter });

  describe('interceptors of a handler', () => {
    it.each<{ place: string; metadata: ModuleMetadata }>([
      { place: "a provider's method", metadata: { providers: [Intercepted] } },
      { place: "a controller's class", metadata: { controllers: [InterceptedController] } },
    ])('wrap it and have their dependencies injected: $place', async ({ metadata }) => {
      const { origin } = await start(metadata);

      expect(await deliver(origin)).toMatchObject(PROCESSED);
      expect(seen).toEqual(['before gemini_webhook', 'handler', 'got a result', 'after']);
    });

    it('nest: class outside, method inside', async () => {
      const { origin } = await start({ providers: [InterceptedTwice] });

      await deliver(origin);
      expect(seen).toEqual(['class in', 'method in', 'handler', 'method out', 'class out']);
    });

    it.each<{ what: string; interceptor: NestInterceptor; answer: object }>([
      {
        what: 'that throws fails the attempt',
        interceptor: {
          intercept: () => {
            throw new Error('no metrics');
          },
        },
        answer: HANDLER_FAILED,
      },
      {
        what: 'that completes without a value has handled the event',
        interceptor: { intercept: () => EMPTY },
        answer: PROCESSED,
      },
    ])('one $what', async ({ interceptor, answer }) => {
      @Injectable()
      class Handlers {
        @OnGeminiEvent('*')
        @UseInterceptors(interceptor)
        run() {
          seen.push('handler');
        }
      }
      const { origin } = await start({ providers: [Handlers] });

      expect(await deliver(origin)).toMatchObject(answer);
      expect(seen).toEqual([]);
    });
  });

  it.each<{ what: string; interceptor: NestInterceptor }>([
    { what: 'completes in its place', interceptor: { intercept: () => EMPTY } },
    { what: 'answers in its place', interceptor: { intercept: () => of('cached') } },
    {
      what: 'calls next.handle() without subscribing',
      interceptor: {
        intercept: (_context, next) => {
          next.handle();
          return of('forgotten');
        },
      },
    },
  ])('a handler that never ran is logged once if its interceptor $what', async ({ interceptor }) => {
    @Injectable()
    class Handlers {
      @OnGeminiEvent('*')
      @UseInterceptors(interceptor)
      run() {}

      @OnGeminiEvent('*')
      @UseInterceptors(bracket('other'))
      other() {}
    }
    const logger = new RecordingLogger();
    const { origin } = await startApp(
      { imports: [staticWebhooks()], providers: [Handlers] },
      { adapter, options: { logger } },
    );

    for (const id of ['a', 'b']) expect(await deliver(origin, { id })).toMatchObject(PROCESSED);
    expect(logger.of('warn')).toEqual([
      expect.stringMatching(/^Handlers\.run did not run: an interceptor .* GeminiWebhooks$/),
    ]);
  });

  describe('an interceptor that ends while the handler still runs', () => {
    /** Fails like a timeout, when the test says so. */
    const givingUp = (ended$: Observable<void>): NestInterceptor => ({
      intercept: (_context, next) =>
        race(next.handle(), ended$.pipe(mergeMap(() => throwError(() => new Error('too slow'))))),
    });

    /** Starts a handler that runs until the test ends it, behind an interceptor that the test ends too. */
    const startRun = async (interceptorFor: (ended$: Observable<void>) => NestInterceptor) => {
      const ended = new Subject<void>();
      const started = deferred();
      const runs = [deferred(), deferred()];
      let calls = 0;
      @Injectable()
      class Slow {
        @OnGeminiEvent('*')
        @UseInterceptors(interceptorFor(ended))
        async run() {
          const run = runs[calls]?.promise;
          seen.push(`started ${(calls += 1)}`);
          started.resolve();
          await run;
          seen.push('over');
        }
      }
      const logger = new RecordingLogger();
      const { app, origin } = await startApp(
        { imports: [staticWebhooks()], providers: [Slow] },
        { adapter, options: { logger } },
      );
      app.get(GeminiEventBus).attempts$.subscribe(({ outcome }) => seen.push(outcome));
      const answer = deliver(origin);
      await started.promise;
      return { origin, logger, ended, runs, answer };
    };

    it.each<{
      what: string;
      interceptorFor: (ended$: Observable<void>) => NestInterceptor;
      outcome: string;
      answered: object;
    }>([
      {
        what: 'fails it',
        interceptorFor: givingUp,
        outcome: 'failed',
        answered: HANDLER_FAILED,
      },
      {
        what: 'completes',
        interceptorFor: (ended$) => ({
          intercept: (_context, next) => next.handle().pipe(takeUntil(ended$)),
        }),
        outcome: 'succeeded',
        answered: PROCESSED,
      },
    ])(
      'and $what ends the attempt only after the handler, with its own outcome',
      async ({ interceptorFor, outcome, answered }) => {
        const { logger, ended, runs, answer } = await startRun(interceptorFor);
        ended.next();
        // The attempt would end now, which takes no I/O.
        await turn();
        expect(seen).toEqual(['started 1']);

        runs[0]?.resolve();
        expect(await answer).toMatchObject(answered);
        expect(seen).toEqual(['started 1', 'over', outcome]);
        expect(logger.text).not.toContain('did not run');
      },
    );

    it('lets the next delivery start the handler only after the failed run', async () => {
      const { origin, ended, runs, answer } = await startRun(givingUp);
      ended.next();
      await turn();
      runs[0]?.resolve();
      await answer;
      runs[1]?.resolve();
      await deliver(origin);

      expect(seen).toEqual(['started 1', 'over', 'failed', 'started 2', 'over', 'succeeded']);
    });

    it('waits for every run that it has started', async () => {
      const { runs, answer } = await startRun(() => ({
        intercept: (_context, next) => merge(next.handle(), next.handle()).pipe(take(1)),
      }));
      runs[0]?.resolve();
      await turn();
      expect(seen).toEqual(['started 1', 'started 2', 'over']);

      runs[1]?.resolve();
      expect(await answer).toMatchObject(PROCESSED);
      expect(seen).toEqual(['started 1', 'started 2', 'over', 'over', 'succeeded']);
    });

    it('succeeds if it runs a failed handler again and that succeeds', async () => {
      const { runs, answer } = await startRun(() => ({
        intercept: (_context, next) => next.handle().pipe(retry(1)),
      }));
      runs[0]?.reject(new Error('once'));
      runs[1]?.resolve();

      expect(await answer).toMatchObject(PROCESSED);
      expect(seen).toEqual(['started 1', 'started 2', 'over', 'succeeded']);
    });

    it('fails with the last error if every run of the handler fails', async () => {
      const { runs, answer, logger } = await startRun(() => ({
        intercept: (_context, next) => next.handle().pipe(retry(1)),
      }));
      runs[0]?.reject(new Error('once'));
      runs[1]?.reject(new Error('twice'));

      expect(await answer).toMatchObject(HANDLER_FAILED);
      expect(logger.of('error').join()).toContain('twice');
    });
  });

  describe('a handler that returns an Observable', () => {
    it.each<{ what: string; stream: () => Observable<unknown>; answer: object; lines: readonly string[] }>([
      {
        what: 'is done when it completes',
        stream: () =>
          new Observable((subscriber) => {
            seen.push('subscribed');
            queueMicrotask(() => {
              subscriber.next(1);
              seen.push('completed');
              subscriber.complete();
            });
          }),
        answer: PROCESSED,
        lines: ['subscribed', 'completed'],
      },
      { what: 'is done when it completes without a value', stream: () => EMPTY, answer: PROCESSED, lines: [] },
      {
        what: 'has failed when it errors',
        stream: () =>
          new Observable((subscriber) => {
            seen.push('subscribed');
            subscriber.error(new Error('midway'));
          }),
        answer: HANDLER_FAILED,
        lines: ['subscribed'],
      },
    ])('$what', async ({ stream, answer, lines }) => {
      @Injectable()
      class Streaming {
        @OnGeminiEvent('*')
        run() {
          return stream();
        }
      }
      const { origin } = await start({ providers: [Streaming] });

      expect(await deliver(origin)).toMatchObject(answer);
      expect(seen).toEqual(lines);
    });
  });
});
