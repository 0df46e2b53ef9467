import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { of } from 'rxjs';
import {
  GeminiEventBus,
  OnGeminiEvent,
  UnrecoverableEventError,
  type GeminiEvent,
  type GeminiEventFailure,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp, type RunningApp } from '../support/apps.js';
import { deliver, DUPLICATE, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];
const contexts: ExecutionContext[] = [];
let verdict: () => ReturnType<CanActivate['canActivate']> = () => true;

@Injectable()
class Policy {
  decide(context: ExecutionContext) {
    seen.push('guard');
    contexts.push(context);
    return verdict();
  }
}

@Injectable()
class PolicyGuard implements CanActivate {
  constructor(private readonly policy: Policy) {}

  canActivate(context: ExecutionContext) {
    return this.policy.decide(context);
  }
}

@Injectable()
class GuardedMethod {
  @OnGeminiEvent('*')
  @UseGuards(PolicyGuard)
  run(_event: GeminiEvent) {
    seen.push('handler');
  }
}

@Injectable()
@UseGuards(PolicyGuard)
class GuardedClass {
  @OnGeminiEvent('*')
  run(_event: GeminiEvent) {
    seen.push('handler');
  }
}

@Controller('guarded-method')
class GuardedControllerMethod {
  @OnGeminiEvent('*')
  @UseGuards(PolicyGuard)
  run(_event: GeminiEvent) {
    seen.push('handler');
  }
}

@Controller('guarded-class')
@UseGuards(PolicyGuard)
class GuardedController {
  @OnGeminiEvent('*')
  run(_event: GeminiEvent) {
    seen.push('handler');
  }
}

@Injectable()
class Unguarded {
  @OnGeminiEvent('*')
  run() {
    seen.push('unguarded');
  }
}

@Injectable()
@UseGuards({ canActivate: () => seen.push('class guard') > 0 })
class GuardedTwice {
  @OnGeminiEvent('*')
  @UseGuards({ canActivate: () => seen.push('method guard') > 0 })
  run() {
    seen.push('handler');
  }
}

const PLACES: readonly { place: string; type: new () => object; metadata: ModuleMetadata }[] = [
  { place: "a provider's method", type: GuardedMethod, metadata: { providers: [GuardedMethod] } },
  { place: "a provider's class", type: GuardedClass, metadata: { providers: [GuardedClass] } },
  {
    place: "a controller's method",
    type: GuardedControllerMethod,
    metadata: { controllers: [GuardedControllerMethod] },
  },
  { place: "a controller's class", type: GuardedController, metadata: { controllers: [GuardedController] } },
];

const DENIALS: readonly { how: string; deny: typeof verdict; cause: new () => Error; why?: string }[] = [
  { how: 'returns false', deny: () => false, cause: ForbiddenException },
  { how: 'resolves to false', deny: async () => false, cause: ForbiddenException },
  { how: 'gives an Observable of false', deny: () => of(false), cause: ForbiddenException },
  {
    how: 'throws an UnauthorizedException',
    deny: () => {
      throw new UnauthorizedException();
    },
    cause: UnauthorizedException,
    why: 'Unauthorized',
  },
  {
    how: 'rejects with a ForbiddenException',
    deny: () => Promise.reject(new ForbiddenException()),
    cause: ForbiddenException,
    why: 'Forbidden',
  },
];

afterEach(async () => {
  seen.length = 0;
  contexts.length = 0;
  verdict = () => true;
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('guards of handlers', () => {
  const start = async ({ providers = [], ...rest }: ModuleMetadata) => {
    const running = await startApp(
      { imports: [staticWebhooks()], providers: [Policy, ...providers], ...rest },
      { adapter },
    );
    const failures: GeminiEventFailure[] = [];
    running.app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
    return { ...running, failures };
  };

  it.each(PLACES)('on $place are injected with their dependencies and see the handler', async ({ type, metadata }) => {
    const { origin } = await start(metadata);

    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(seen).toEqual(['guard', 'handler']);
    const [context] = contexts;
    expect(context?.getType()).toBe('gemini_webhook');
    expect(context?.getClass()).toBe(type);
    expect(context?.getHandler()).toBe((type.prototype as { run: unknown }).run);
    expect(context?.getArgs()).toEqual([
      expect.objectContaining({ type: 'batch.succeeded' }),
      expect.objectContaining({ handler: `${type.name}.run`, attempt: 1 }),
    ]);
  });

  it.each(PLACES)('on $place deny access permanently', async ({ type, metadata }) => {
    verdict = () => false;
    const { origin, failures } = await start(metadata);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject(DUPLICATE);

    expect(seen).toEqual(['guard']);
    expect(failures).toMatchObject([{ handler: `${type.name}.run`, attempt: 1, final: true }]);
  });

  it.each(DENIALS)('a guard that $how causes no retry', async ({ deny, cause, why = 'Forbidden resource' }) => {
    verdict = deny;
    const { origin, failures } = await start({ providers: [GuardedMethod, Unguarded] });

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    verdict = () => true;
    expect(await deliver(origin)).toMatchObject(DUPLICATE);

    expect(seen.toSorted()).toEqual(['guard', 'unguarded']);
    const message = `a guard denied access: ${why}`;
    expect(failures).toMatchObject([
      { handler: 'GuardedMethod.run', final: true, error: { message, cause: expect.any(cause) as unknown } },
    ]);
    expect(failures[0]?.error).toBeInstanceOf(UnrecoverableEventError);
  });

  it.each([
    {
      how: 'throws',
      fail: () => {
        throw new Error('the session store is down');
      },
    },
    { how: 'rejects', fail: () => Promise.reject(new TypeError('the session store is down')) },
    {
      how: 'says that something is undefined, without a TypeError',
      fail: () => Promise.reject(new Error('the tenant is undefined')),
      message: 'the tenant is undefined',
    },
  ])('retries after a guard fails ($how)', async ({ fail, message = 'the session store is down' }) => {
    verdict = fail;
    const { origin, failures } = await start({ providers: [GuardedMethod, Unguarded] });

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    verdict = () => true;
    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(seen.toSorted()).toEqual(['guard', 'guard', 'handler', 'unguarded']);
    expect(failures).toMatchObject([{ handler: 'GuardedMethod.run', attempt: 1, final: false, error: { message } }]);
  });

  it('a guard that expects an HTTP context fails without one', async () => {
    verdict = () => contexts.at(-1)!.switchToHttp().getRequest<{ headers: object }>().headers.toString() !== '';
    const { origin, failures } = await start({ providers: [GuardedMethod] });

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(failures).toMatchObject([{ final: false, error: { cause: expect.any(TypeError) as unknown } }]);
    expect(failures[0]?.error).toBeInstanceOf(TypeError);
    expect(String(failures[0]?.error)).toMatch(/reading 'toString'.*guard written for HTTP.*"gemini_webhook"/);
  });

  it('retries a handler that throws Forbidden itself, because no guard denied access', async () => {
    @Injectable()
    class Refused {
      @OnGeminiEvent('*')
      @UseGuards(PolicyGuard)
      run() {
        throw new ForbiddenException('the API said 403');
      }
    }
    const { origin, failures } = await start({ providers: [Refused] });

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    expect(failures).toMatchObject([{ final: false }]);
  });

  it('run in the order class, method', async () => {
    const { origin } = await start({ providers: [GuardedTwice] });

    await deliver(origin);
    expect(seen).toEqual(['class guard', 'method guard', 'handler']);
  });

  it('stop the app instead of being skipped if Nest does not instantiate them', async () => {
    const provider: Provider = { provide: 'token', useFactory: () => new GuardedClass() };

    await expect(start({ providers: [provider] })).rejects.toMatchObject({
      code: 'invalid_handler',
      message:
        'GuardedClass.run handles Gemini events behind PolicyGuard, which Nest did not instantiate. Nest does so only for classes that are listed as providers: list GuardedClass itself in providers, or pass an instance to the decorator.',
    });
  });

  it.each([GuardedClass, GuardedMethod])(
    'protect a class provided under a token, or stop the app (Nest 11): %p',
    async (useClass) => {
      verdict = () => false;
      const started = await start({ providers: [{ provide: 'token', useClass }] }).catch((error: unknown) => error);

      if (started instanceof Error) expect(started).toMatchObject({ code: 'invalid_handler' });
      else await deliver((started as RunningApp).origin);
      expect(seen).toEqual(started instanceof Error ? [] : ['guard']);
    },
  );

  it('given as instances work however the class is provided', async () => {
    const { origin } = await start({ providers: [{ provide: 'token', useFactory: () => new GuardedTwice() }] });

    await deliver(origin);
    expect(seen).toEqual(['class guard', 'method guard', 'handler']);
  });
});
