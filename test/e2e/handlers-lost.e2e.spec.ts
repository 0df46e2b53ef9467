import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Injectable,
  Module,
  Scope,
  type ModuleMetadata,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, NestFactory } from '@nestjs/core';
import { LOST_AFTER_MS } from '../../lib/handlers/lost-handlers.js';
import { OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, moduleOf, startApp } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { staticWebhooks } from '../support/static-webhooks.js';

const adapter = ADAPTERS[0];

/** Defines a decorated class, as importing its file does. */
function handlersCalled(name: string): Type {
  const { [name]: Made } = { [name]: class {} } as Record<string, Type>;
  const prototype = Made!.prototype as Record<string, () => void>;
  Object.defineProperty(prototype, 'run', { value() {}, configurable: true, writable: true });
  OnGeminiEvent('*')(prototype, 'run', Object.getOwnPropertyDescriptor(prototype, 'run') as never);
  Injectable()(Made!);
  return Made!;
}

/** Starts an app and returns its warnings after the time in which other apps could start. */
async function started(metadata: ModuleMetadata) {
  const logger = new RecordingLogger();
  const { imports = [], ...rest } = metadata;
  const running = await startApp(
    { imports: [staticWebhooks(), ...imports], ...rest },
    { adapter, options: { logger } },
  );
  return { ...running, logger };
}

async function warnings(logger: RecordingLogger): Promise<string[]> {
  await jest.advanceTimersByTimeAsync(LOST_AFTER_MS);
  return logger.of('warn').filter((line) => line.includes('never run'));
}

beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval'],
  });
});

afterEach(async () => {
  jest.useRealTimers();
  await closeApps();
});

describe('decorated methods that no app finds are logged once, with the reason:', () => {
  it('a class that no module provides', async () => {
    handlersCalled('Forgotten');
    const first = await started({ providers: [handlersCalled('Provided')] });
    expect(await warnings(first.logger)).toEqual([
      expect.stringMatching(
        /not found and never run: Forgotten\.run \(in no module.*: list the class among the providers/,
      ),
    ]);

    const second = await started({});
    expect(await warnings(second.logger)).toEqual([]);
  });

  it.each<[string, (held: Type) => Provider]>([
    ['an array', (Held) => ({ provide: 'held', useFactory: () => [new Held()] })],
    ['a plain object', (Held) => ({ provide: 'held', useValue: { one: new Held() } })],
    ['a map', (Held) => ({ provide: 'held', useFactory: async () => new Map([['one', new Held()]]) })],
    ['a set', (Held) => ({ provide: 'held', useValue: new Set([new Held()]) })],
  ])('an instance inside %s', async (what, provider) => {
    const name = `HeldBy${what.replaceAll(/\W/g, '')}`;
    const { logger } = await started({ providers: [provider(handlersCalled(name))] });

    expect(await warnings(logger)).toEqual([
      expect.stringContaining(
        `${name}.run (inside an array or object that a provider returns: make it a provider of its own)`,
      ),
    ]);
  });

  it.each([
    ['a transient', Scope.TRANSIENT],
    ['a request-scoped', Scope.REQUEST],
  ])('an instance from %s factory', async (what, scope) => {
    const name = `MadeBy${what.replaceAll(/\W/g, '')}`;
    const Made = handlersCalled(name);
    const { logger } = await started({ providers: [{ provide: 'made', scope, useFactory: () => new Made() }] });

    expect(await warnings(logger)).toEqual([expect.stringMatching(new RegExp(`${name}\\.run \\(in no module`))]);
  });

  it('an instance from ModuleRef.create', async () => {
    const Created = handlersCalled('Created');
    const { app, logger } = await started({});
    await app.get(ModuleRef).create(Created);

    expect(await warnings(logger)).toEqual([expect.stringMatching(/Created\.run \(in no module/)]);
  });

  it('a module that is lazily loaded after the start, even if its classes are defined only then', async () => {
    const { app, logger } = await started({});
    expect(await warnings(logger)).toEqual([]);

    @Module({ providers: [handlersCalled('Lazy')] })
    class LazyModule {}
    await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await warnings(logger)).toEqual([
      expect.stringContaining('Lazy.run (its module was loaded after the start: import it in a module of the app)'),
    ]);
  });

  it('several methods, in one line', async () => {
    const [Forgotten, Held] = [handlersCalled('AlsoForgotten'), handlersCalled('AlsoHeld')];
    void Forgotten;
    const { logger } = await started({ providers: [{ provide: 'held', useValue: [new Held()] }] });

    expect(await warnings(logger)).toEqual([
      expect.stringMatching(/: AlsoHeld\.run \(inside.*\); AlsoForgotten\.run \(in no module.*\)\./),
    ]);
  });
});

it('of many lost methods the log names 20, and the number of the others', async () => {
  const names = Array.from({ length: 23 }, (_, index) => `Lost${index}`);
  names.map(handlersCalled);
  const { logger } = await started({});

  const named = names.slice(0, 20).map((name) => `${name}.run`);
  expect(await warnings(logger)).toEqual([expect.stringContaining(`: ${named.join(', ')} and 3 more (in no module`)]);
});

describe('two apps in one process', () => {
  it("do not report each other's classes", async () => {
    const [One, Two] = [handlersCalled('OfTheFirst'), handlersCalled('OfTheSecond')];
    const first = await started({ providers: [One] });
    const second = await started({ providers: [Two] });

    expect([...(await warnings(first.logger)), ...(await warnings(second.logger))]).toEqual([]);
  });

  it('do not report them either if the first runs no handlers', async () => {
    const Web = handlersCalled('OfTheWeb');
    const inbox = () => ({
      hasWorkers: false,
      accept: async () => ({ status: 'accepted', httpStatus: 202 }) as const,
      close: async () => undefined,
    });
    await startApp({ imports: [staticWebhooks({ inbox })], providers: [Web] }, { adapter, options: { logger: false } });
    const { logger } = await started({ providers: [handlersCalled('OfTheWorker')] });

    expect(await warnings(logger)).toEqual([]);
  });

  it('do not report those of an app that was closed while it started', async () => {
    const [reached, gate] = [deferred(), deferred()];
    @Injectable()
    class Database implements OnModuleInit {
      async onModuleInit() {
        reached.resolve();
        await gate.promise;
      }
    }
    const imports = [staticWebhooks()];
    const module = moduleOf({ imports, providers: [Database, handlersCalled('OfTheClosed')] });
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    const starting = app.init();
    await reached.promise;
    const closed = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await Promise.all([starting, closed]);
    const { logger } = await started({});

    expect(await warnings(logger)).toEqual([]);
  });

  it('log nothing after they are closed', async () => {
    const { app, logger } = await started({});
    handlersCalled('TooLate');
    await app.close();

    expect(await warnings(logger)).toEqual([]);
    expect(await warnings((await started({})).logger)).toHaveLength(1);
  });
});
