import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Injectable,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Readable } from 'node:stream';
import { OnGeminiEvent, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];
const adapter = ADAPTERS[0];

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces the method in the descriptor, as MikroORM's and typescript-retry-decorator's decorators do. */
const Wrapped =
  (tag = 'wrapper'): MethodDecorator =>
  (_target, _key, descriptor) => {
    const inner = descriptor.value as unknown as Method;
    descriptor.value = async function (this: unknown, ...args: unknown[]) {
      seen.push(tag);
      return inner.apply(this, args);
    } as never;
  };

@Injectable()
class PatchedLater {
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('run');
  }
}

@Injectable()
@UseGuards({ canActivate: () => true })
class GuardedLater extends PatchedLater {}

/** Returns another descriptor, as cockatiel's does. */
const Replaced = (): MethodDecorator => (_target, _key, descriptor) => {
  const inner = descriptor.value as unknown as Method;
  const value = function (this: unknown, ...args: unknown[]) {
    seen.push('replacement');
    return inner.apply(this, args);
  };
  return { ...descriptor, value: value as never };
};

/** Returns a getter, as decorators that bind a method do. */
const Bound = (): MethodDecorator => (_target, _key, descriptor) => {
  const inner = descriptor.value as unknown as Method;
  return {
    configurable: true,
    get(this: unknown) {
      return ((...args: unknown[]) => inner.apply(this, args)) as never;
    },
  };
};

/** Wraps every method of a class. */
const Traced = (): ClassDecorator => (type) => {
  const prototype = (type as unknown as { prototype: Record<string, Method> }).prototype;
  for (const name of Object.getOwnPropertyNames(prototype).filter((one) => one !== 'constructor')) {
    const inner = prototype[name] as Method;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      seen.push('trace');
      return inner.apply(this, args);
    };
  }
};

const DENY: CanActivate = { canActivate: () => false };

@Injectable()
class InDescriptor {
  @Wrapped()
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('run');
  }
}

@Injectable()
class InNewDescriptor {
  @Replaced()
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('run');
  }
}

@Injectable()
class BehindGetter {
  readonly tag = 'run';

  @Bound()
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push(this.tag);
  }
}

@Traced()
@Injectable()
class OfWrappedClass {
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('run');
  }
}

@Injectable()
class Between {
  @OnGeminiEvent('video.*')
  @Wrapped()
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('run');
  }
}

@Injectable()
class BetweenOnce {
  @OnGeminiEvent('batch.succeeded')
  @Wrapped()
  @OnGeminiEvent('*')
  run() {
    seen.push('run');
  }
}

class Declaring {
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('base');
  }
}

@Injectable()
class OverridingWithSuper extends Declaring {
  override run() {
    super.run();
    seen.push('run');
  }
}

afterEach(async () => {
  seen.length = 0;
  await closeApps();
});

const start = (providers: Provider[]) => startApp({ imports: [staticWebhooks()], providers }, { adapter });

describe('a handler runs its method as it is at start', () => {
  it.each<[string, Type, string[]]>([
    ['a decorator above that wraps it in the descriptor', InDescriptor, ['wrapper', 'run']],
    ['a decorator above that returns another descriptor', InNewDescriptor, ['replacement', 'run']],
    ['a decorator above that returns a getter', BehindGetter, ['run']],
    ['a class decorator that wraps every method', OfWrappedClass, ['trace', 'run']],
    ['a wrapper between two decorators, of which the lower one matches', Between, ['wrapper', 'run']],
    ['a wrapper between two decorators that both match, once', BetweenOnce, ['wrapper', 'run']],
    ['a subclass that overrides it and calls super', OverridingWithSuper, ['base', 'run']],
  ])('with %s', async (_what, provider, runs) => {
    const { origin } = await start([provider]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(runs);
  });

  it('with its prototype patched before the start', async () => {
    @Injectable()
    class Patched {
      @OnGeminiEvent('batch.succeeded')
      run() {
        seen.push('original');
      }
    }
    const original = Patched.prototype.run;
    Patched.prototype.run = function (this: Patched) {
      seen.push('patch');
      original.call(this);
    };
    const { origin } = await start([Patched]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['patch', 'original']);
  });

  it.each(['without enhancers', 'behind a guard'])('with an instance patched by a start-up hook: %s', async (how) => {
    @Injectable()
    class Aspects implements OnModuleInit, OnApplicationBootstrap {
      constructor(private readonly handlers: PatchedLater) {}
      onModuleInit() {
        this.patch('at init');
      }
      onApplicationBootstrap() {
        this.patch('at bootstrap');
      }
      private patch(tag: string) {
        const original = this.handlers.run;
        this.handlers.run = function (this: PatchedLater) {
          seen.push(tag);
          original.call(this);
        };
      }
    }
    const { origin } = await start([
      Aspects,
      { provide: PatchedLater, useClass: how === 'behind a guard' ? GuardedLater : PatchedLater },
    ]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['at bootstrap', 'at init', 'run']);
  });

  it('with a proxy around an instance that binds its functions', async () => {
    const bound = new Proxy(new InDescriptor(), {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value as Method).bind(target) : value;
      },
    });
    const { origin } = await start([{ provide: 'bound', useValue: bound }]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['wrapper', 'run']);
  });
});

describe('decorators of a handler below a wrapper', () => {
  it('apply: guards', async () => {
    @Injectable()
    class Guarded {
      @Wrapped()
      @OnGeminiEvent('batch.succeeded')
      @UseGuards(DENY)
      run() {
        seen.push('run');
      }
    }
    const { origin } = await start([Guarded]);

    // Denied permanently: the event is done, and the method has not run.
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual([]);
  });

  it('apply: pipes, and metadata that a guard reads from the handler', async () => {
    const roles: unknown[] = [];
    @Injectable()
    class ReadsRoles implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext) {
        roles.push(this.reflector.get('roles', context.getHandler()));
        return true;
      }
    }
    @Injectable()
    class Piped {
      @Wrapped()
      @OnGeminiEvent('batch.succeeded')
      @SetMetadata('roles', ['billing'])
      @UseGuards(ReadsRoles)
      @UsePipes({ transform: (event: GeminiEvent) => ({ ...event, version: 'piped' }) })
      run(event: GeminiEvent) {
        seen.push(event.version);
      }
    }
    const { origin } = await start([Piped]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(roles).toEqual([['billing']]);
    expect(seen).toEqual(['wrapper', 'piped']);
  });
});

describe('decorators of a handler below a wrapper that is itself below @OnGeminiEvent', () => {
  @Injectable()
  class Denies implements CanActivate {
    canActivate() {
      return false;
    }
  }

  it.each<[string, () => MethodDecorator]>([
    ['in the descriptor', Wrapped],
    ['in a new descriptor', Replaced],
  ])('apply: a guard and a guard class, with a wrapper %s', async (_what, Wrapper) => {
    @Injectable()
    class Guarded {
      @OnGeminiEvent('batch.succeeded', { name: 'instance' })
      @Wrapper()
      @UseGuards(DENY)
      one() {
        seen.push('one');
      }

      @OnGeminiEvent('batch.succeeded', { name: 'class' })
      @Wrapper()
      @UseGuards(Denies)
      two() {
        seen.push('two');
      }
    }
    const { origin } = await start([Guarded]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual([]);
  });

  it('apply: pipes, interceptors, filters and metadata, once each', async () => {
    const roles: unknown[] = [];
    @Injectable()
    class ReadsRoles implements NestInterceptor {
      constructor(private readonly reflector: Reflector) {}
      intercept(context: ExecutionContext, next: CallHandler) {
        roles.push(this.reflector.get('roles', context.getHandler()));
        return next.handle();
      }
    }
    @Catch()
    class Forgives implements ExceptionFilter {
      catch() {
        seen.push('forgiven');
      }
    }
    @Injectable()
    class Piped {
      @Wrapped('upper')
      @OnGeminiEvent('batch.succeeded')
      @Wrapped('lower')
      @SetMetadata('roles', ['billing'])
      @UseInterceptors(ReadsRoles)
      @UsePipes({ transform: (event: GeminiEvent) => ({ ...event, version: `${event.version} piped` }) })
      @UseFilters(new Forgives())
      run(event: GeminiEvent) {
        seen.push(event.version!);
        throw new Error('to be forgiven');
      }
    }
    const { origin } = await start([Piped]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(roles).toEqual([['billing']]);
    expect(seen).toEqual(['upper', 'lower', 'v1 piped', 'forgiven']);
  });
});

it('a generator below a wrapper that drives it is an ordinary handler', async () => {
  const Driven = (): MethodDecorator => (_target, _key, descriptor) => {
    const inner = descriptor.value as unknown as () => Generator;
    descriptor.value = async function (this: unknown) {
      for (const step of inner.call(this)) seen.push(String(step));
    } as never;
  };
  @Injectable()
  class Driving {
    @OnGeminiEvent('batch.succeeded')
    @Driven()
    *run() {
      yield 'one';
      yield 'two';
    }
  }
  const { origin } = await start([Driving]);

  expect(await deliver(origin)).toMatchObject(PROCESSED);
  expect(seen).toEqual(['one', 'two']);
});

describe('a handler that would silently never run stops the app', () => {
  const decorate = OnGeminiEvent('*') as unknown as (...given: unknown[]) => void;
  const invalid = (message: RegExp) =>
    expect.objectContaining({ code: 'invalid_handler', message: expect.stringMatching(message) });

  it.each([
    ['a generator method', function* () {}],
    ['an async generator method', async function* () {}],
  ])('when the class is defined: %s', (_what, value) => {
    class Generating {}

    expect(() => decorate(Generating.prototype, 'run', { value })).toThrow(
      invalid(/Generating\.run: a generator does nothing/) as unknown as Error,
    );
  });

  it('when the class is defined: an arrow property', () => {
    class Arrow {}

    expect(() => decorate(Arrow.prototype, 'run', undefined)).toThrow(
      invalid(/Arrow\.run: only instance methods/) as unknown as Error,
    );
  });

  it('when the class is defined: a TC39 decorator', () => {
    expect(() => decorate(() => undefined, { kind: 'method', name: 'run' })).toThrow(
      invalid(/experimentalDecorators/) as unknown as Error,
    );
  });

  it('at start: a wrapper that turned it into a generator', async () => {
    const Generator = (): MethodDecorator => (_target, _key, descriptor) => {
      descriptor.value = function* () {} as never;
    };
    @Injectable()
    class Generating {
      @Generator()
      @OnGeminiEvent('*')
      run() {}
    }

    await expect(start([Generating])).rejects.toMatchObject({ code: 'invalid_handler' });
  });
});

describe('a method that returns a generator has failed, because nothing of it has run', () => {
  const generator = function* () {
    yield seen.push('never');
  };
  const asyncGenerator = async function* () {
    yield seen.push('never');
  };
  /** A generator as TypeScript compiles it to ES5: a plain function. */
  const compiled = () => {
    const steps = { next: () => ({ done: true, value: undefined }), throw: () => undefined, return: () => undefined };
    return Object.assign(steps, { [Symbol.iterator]: () => steps });
  };
  const below =
    (made: () => unknown): MethodDecorator =>
    (_target, _key, descriptor) => {
      descriptor.value = (() => made()) as never;
    };

  it.each([
    ['a generator', generator],
    ['an async generator', asyncGenerator],
    ['a generator in a promise', async () => generator()],
    ['one compiled to ES5', compiled],
  ])('%s', async (_what, made) => {
    @Injectable()
    class Generating {
      @OnGeminiEvent('batch.succeeded')
      @below(made)
      run() {}

      @OnGeminiEvent('batch.succeeded')
      @UseGuards({ canActivate: () => true })
      @below(made)
      guarded() {}
    }
    const logger = new RecordingLogger();
    const { origin } = await startApp(
      { imports: [staticWebhooks()], providers: [Generating] },
      { adapter, options: { logger } },
    );

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(logger.of('error')).toEqual([
      expect.stringContaining('Generating.run returned a generator'),
      expect.stringContaining('Generating.guarded returned a generator'),
    ]);
    expect(seen).toEqual([]);
  });

  it('but lists, texts and streams are ordinary results', async () => {
    @Injectable()
    class Giving {
      @OnGeminiEvent('batch.succeeded')
      list() {
        return [1];
      }
      @OnGeminiEvent('batch.succeeded')
      text() {
        return 'done';
      }
      @OnGeminiEvent('batch.succeeded')
      stream() {
        return Readable.from(['done']);
      }
    }
    const { origin } = await start([Giving]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });
});

describe('the log at start', () => {
  const logged = async (providers: Provider[]) => {
    const logger = new RecordingLogger();
    const running = await startApp({ imports: [staticWebhooks()], providers }, { adapter, options: { logger } });
    return { ...running, logger };
  };

  it('has one line for each handler', async () => {
    const { logger } = await logged([Between, InDescriptor]);

    expect(
      logger
        .of('log')
        .filter((line) => line.startsWith('Mapped {') && line.includes('.run'))
        .toSorted(),
    ).toEqual([
      expect.stringMatching(/^Mapped \{batch\.succeeded\} InDescriptor\.run/),
      expect.stringMatching(/^Mapped \{video\.\*, batch\.succeeded\} Between\.run/),
    ]);
  });

  it('warns when there is no handler at all', async () => {
    const { logger } = await logged([]);

    expect(logger.of('warn').filter((line) => line.includes('No handler with @OnGeminiEvent'))).toHaveLength(1);
  });

  const receiving = () => ({
    hasWorkers: false,
    accept: async () => ({ status: 'accepted', httpStatus: 202 }) as const,
    close: async () => undefined,
  });

  it('says that the handlers do not run in a process that only receives', async () => {
    const logger = new RecordingLogger();
    await startApp(
      { imports: [staticWebhooks({ inbox: receiving })], providers: [InDescriptor] },
      { adapter, options: { logger } },
    );

    const [line, ...others] = logger.of('log').filter((one) => one.includes('InDescriptor.run'));
    expect(line).toMatch(/^Mapped \{batch\.succeeded\} InDescriptor\.run, .*not run.*workers: false/);
    expect(others).toEqual([]);
  });

  it('does not warn in a process that runs no handlers, such as a web process', async () => {
    const logger = new RecordingLogger();
    const inbox = receiving;
    const { origin } = await startApp({ imports: [staticWebhooks({ inbox })] }, { adapter, options: { logger } });

    expect(await deliver(origin)).toMatchObject({ status: 202 });
    expect(logger.of('warn')).toEqual([]);
  });

  it('warns once for each type that nothing receives', async () => {
    const { logger, origin } = await logged([]);
    for (const id of ['a', 'b']) await deliver(origin, { data: { id } });
    await deliver(origin, { type: 'batch.failed' });

    const warned = logger.of('warn').filter((line) => line.includes('the event bus has no subscribers'));
    expect(warned).toHaveLength(2);
    expect(warned[0]).toContain('batch.succeeded');
  });
});
