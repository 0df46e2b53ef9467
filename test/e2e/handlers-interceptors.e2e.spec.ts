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
import { EMPTY, finalize, map, Observable, of } from 'rxjs';
import { OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
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
