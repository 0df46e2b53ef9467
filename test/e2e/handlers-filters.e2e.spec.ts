import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Injectable,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { throwError } from 'rxjs';
import { GeminiEventBus, OnGeminiEvent, UnrecoverableEventError, type GeminiEventFailure } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, DUPLICATE, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

class Expected extends Error {}
class Unexpected extends Error {}

const seen: string[] = [];
let thrown: unknown;

@Injectable()
class Journal {
  write(line: string) {
    seen.push(line);
  }
}

@Catch()
class JournalFilter implements ExceptionFilter {
  constructor(private readonly journal: Journal) {}

  catch(error: unknown, host: ArgumentsHost) {
    this.journal.write(`${host.getType()} ${(error as Error).constructor.name}`);
  }
}

@Catch(Expected)
class ExpectedFilter implements ExceptionFilter {
  catch() {
    seen.push('ExpectedFilter');
  }
}

@Catch(Unexpected, Expected)
class EitherFilter implements ExceptionFilter {
  catch() {
    seen.push('EitherFilter');
  }
}

@Catch()
class CatchAll implements ExceptionFilter {
  catch() {
    seen.push('CatchAll');
  }
}

const filter = (name: string, handle: (error: unknown) => unknown = () => undefined): ExceptionFilter => ({
  catch: (error: unknown) => {
    seen.push(name);
    return handle(error);
  },
});

async function rejectWith(error: unknown): Promise<never> {
  throw error;
}

/** A handler that throws `thrown` behind the filters. */
function failing({ onMethod = [], onClass = [] }: { onMethod?: Filters; onClass?: Filters }): Type {
  @Injectable()
  @UseFilters(...onClass)
  class Failing {
    @OnGeminiEvent('*')
    @UseFilters(...onMethod)
    run() {
      throw thrown;
    }
  }
  return Failing;
}

type Filters = (ExceptionFilter | Type<ExceptionFilter>)[];

const HANDLED: readonly { what: string; filters: Filters }[] = [
  { what: 'returns nothing', filters: [filter('it')] },
  { what: 'returns a value', filters: [filter('it', () => ({ status: 418 }))] },
  { what: 'resolves', filters: [filter('it', async () => undefined)] },
];

const FAILED: readonly { what: string; filters: Filters; final: boolean }[] = [
  {
    what: 'throws the error again',
    filters: [
      filter('it', (error) => {
        throw error;
      }),
    ],
    final: false,
  },
  { what: 'rejects', filters: [filter('it', rejectWith)], final: false },
  {
    what: "returns a stream that fails, as a microservice's do",
    filters: [filter('it', (error) => throwError(() => error))],
    final: false,
  },
  {
    what: 'promises a stream that fails',
    filters: [filter('it', async (error) => throwError(() => error))],
    final: false,
  },
  {
    what: 'makes it unrecoverable',
    filters: [filter('it', () => rejectWith(new UnrecoverableEventError('no use')))],
    final: true,
  },
];

afterEach(async () => {
  seen.length = 0;
  thrown = new Expected('as agreed');
  await closeApps();
});
thrown = new Expected('as agreed');

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('exception filters of handlers', () => {
  const start = async (...providers: Type[]) => {
    const { app, origin } = await startApp(
      { imports: [staticWebhooks()], providers: [Journal, ...providers] },
      { adapter },
    );
    const failures: GeminiEventFailure[] = [];
    app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
    return { origin, failures };
  };

  it.each(HANDLED)('one that $what has handled the error', async ({ filters }) => {
    const { origin, failures } = await start(failing({ onMethod: filters }));

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject(DUPLICATE);
    expect(seen).toEqual(['it']);
    expect(failures).toEqual([]);
  });

  it.each(FAILED)('one that $what has not handled it', async ({ filters, final }) => {
    const { origin, failures } = await start(failing({ onMethod: filters }));

    expect(await deliver(origin)).toMatchObject(final ? PROCESSED : HANDLER_FAILED);
    expect(seen).toEqual(['it']);
    expect(failures).toMatchObject([{ handler: 'Failing.run', final }]);
  });

  it('are injected, on method and class, and see a context of type gemini_webhook', async () => {
    const { origin } = await start(failing({ onClass: [JournalFilter] }));

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['gemini_webhook Expected']);
  });

  it.each([
    { error: new Expected(), filters: { onMethod: [ExpectedFilter] }, runs: ['ExpectedFilter'], answer: PROCESSED },
    { error: new Expected(), filters: { onMethod: [EitherFilter] }, runs: ['EitherFilter'], answer: PROCESSED },
    { error: new Unexpected(), filters: { onMethod: [ExpectedFilter] }, runs: [], answer: HANDLER_FAILED },
    {
      error: new Expected(),
      filters: { onMethod: [ExpectedFilter], onClass: [CatchAll] },
      runs: ['ExpectedFilter'],
      answer: PROCESSED,
    },
    {
      error: new Unexpected(),
      filters: { onMethod: [ExpectedFilter], onClass: [CatchAll] },
      runs: ['CatchAll'],
      answer: PROCESSED,
    },
    {
      error: new Expected(),
      filters: { onMethod: [filter('method')], onClass: [filter('class')] },
      runs: ['method'],
      answer: PROCESSED,
    },
    { error: 'not an Error', filters: { onMethod: [ExpectedFilter] }, runs: [], answer: HANDLER_FAILED },
    { error: undefined, filters: { onMethod: [ExpectedFilter, CatchAll] }, runs: ['CatchAll'], answer: PROCESSED },
  ])(
    'catch the types that they declare, on the method before the class: row %#',
    async ({ error, filters, runs, answer }) => {
      thrown = error;
      const { origin } = await start(failing(filters));

      expect(await deliver(origin)).toMatchObject(answer);
      expect(seen).toEqual(runs);
    },
  );

  it('receive the exception of a guard that denies access, and handle it by returning', async () => {
    @Injectable()
    class Denied {
      @OnGeminiEvent('*')
      @UseGuards({ canActivate: () => false })
      @UseFilters(JournalFilter)
      run() {
        seen.push('handler');
      }
    }
    const { origin, failures } = await start(Denied);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['gemini_webhook ForbiddenException']);
    expect(failures).toEqual([]);
  });

  it('that rethrow a guard’s exception cause no retry', async () => {
    const denial = new UnauthorizedException();
    @Injectable()
    class Denied {
      @OnGeminiEvent('*')
      @UseGuards({
        canActivate: () => {
          throw denial;
        },
      })
      @UseFilters(
        filter('it', (error) => {
          throw error;
        }),
      )
      run() {
        seen.push('handler');
      }
    }
    const { origin, failures } = await start(Denied);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['it']);
    expect(failures).toMatchObject([{ final: true, error: { cause: denial } }]);
  });
});
