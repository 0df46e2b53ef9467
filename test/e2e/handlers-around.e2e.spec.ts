import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope, type Type } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type AroundGeminiHandler,
  type GeminiHandlerRun,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, HANDLER_FAILED, PROCESSED, SECRET } from '../support/static-webhooks.js';

const [express] = ADAPTERS;
const scope = new AsyncLocalStorage<string>();
let seen: string[];
let thrown: Error | undefined;

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  async publish() {
    seen.push(`publish in ${scope.getStore() ?? 'no scope'}`);
    if (thrown) throw thrown;
  }
}

@Injectable()
class InScope implements AroundGeminiHandler {
  around({ event, context }: GeminiHandlerRun, next: () => Promise<unknown>) {
    return scope.run(`${event.resource?.name}, ${context.handler}, attempt ${context.attempt}`, next);
  }
}

@Injectable()
class Outer implements AroundGeminiHandler {
  async around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    seen.push('before');
    try {
      return await next();
    } finally {
      seen.push('after');
    }
  }
}

@Injectable()
class Settings {
  readonly prefix = 'provided';
}

@Injectable()
class Provided implements AroundGeminiHandler {
  constructor(@Inject(Settings) private readonly settings: Settings) {}

  around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    seen.push(this.settings.prefix);
    return next();
  }
}

@Injectable()
class CallsNothing implements AroundGeminiHandler {
  async around() {}
}

@Injectable()
class CallsTwice implements AroundGeminiHandler {
  async around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    await next();
    await next();
  }
}

@Injectable()
class Swallows implements AroundGeminiHandler {
  async around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    await next().catch(() => undefined);
  }
}

@Injectable()
class DoesNotWait implements AroundGeminiHandler {
  around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    void next().catch(() => undefined);
  }
}

@Injectable()
class WaitsFirst implements AroundGeminiHandler {
  async around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    await new Promise(setImmediate);
    return next();
  }
}

@Injectable()
class CallsLate implements AroundGeminiHandler {
  around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    setImmediate(() => {
      next().catch((error: Error) => seen.push(error.message));
    });
  }
}

@Injectable()
class FailsAfterwards implements AroundGeminiHandler {
  async around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    await next();
    throw new Error('the commit failed');
  }
}

@Injectable()
class Throws implements AroundGeminiHandler {
  around(): never {
    throw new Error('the scope could not be opened');
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements AroundGeminiHandler {
  around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    return next();
  }
}

@Injectable()
class UsesPerRequest extends PerRequest {
  constructor(readonly perRequest: PerRequest) {
    super();
  }
}

@Module({ providers: [Settings, Provided] })
class HooksModule {}

@Module({ providers: [PerRequest, UsesPerRequest] })
class PerRequestModule {}

beforeEach(() => {
  seen = [];
  thrown = undefined;
});
afterEach(closeApps);

const start = (around: readonly Type<AroundGeminiHandler>[], imports: Type[] = []) =>
  startApp(
    {
      imports: [...imports, GeminiWebhooksModule.forRoot({ hmac: { secrets: SECRET }, jwks: false, around })],
      providers: [Orders],
    },
    { adapter: express },
  );

describe('the hooks of `around`', () => {
  it('run around each attempt, the first outermost, within the same asynchronous context', async () => {
    const { origin } = await start([Outer, InScope]);

    expect(await deliver(origin, { id: 'msg_1' })).toMatchObject(PROCESSED);

    expect(seen).toEqual(['before', 'publish in batches/msg_1, Orders.publish, attempt 1', 'after']);
  });

  it('are the instances that the app provides, with their dependencies', async () => {
    const { origin } = await start([Provided], [HooksModule]);

    await deliver(origin, { id: 'msg_2' });

    expect(seen).toEqual(['provided', 'publish in no scope']);
  });

  it.each([CallsNothing, Throws])('fail the attempt if the handler did not run: %p', async (hook) => {
    const { origin } = await start([hook]);

    expect(await deliver(origin, { id: 'msg_3' })).toMatchObject(HANDLER_FAILED);

    expect(seen).toEqual([]);
  });

  it('run the handler once, even if `next` is called twice', async () => {
    const { origin } = await start([CallsTwice]);

    expect(await deliver(origin, { id: 'msg_4' })).toMatchObject(HANDLER_FAILED);

    expect(seen).toEqual(['publish in no scope']);
  });

  it.each([Swallows, DoesNotWait])('cannot hide that a handler failed: %p', async (hook) => {
    const { origin } = await start([hook]);
    thrown = new Error('the database is away');

    expect(await deliver(origin, { id: 'msg_5' })).toMatchObject(HANDLER_FAILED);
  });

  it.each([CallsNothing, Throws])(
    'fail the attempt if an outer hook catches that the handler did not run: %p',
    async (hook) => {
      const { origin } = await start([Swallows, hook]);

      expect(await deliver(origin, { id: 'msg_6' })).toMatchObject(HANDLER_FAILED);

      expect(seen).toEqual([]);
    },
  );

  it('wait for a handler that an inner hook starts later, even if an outer hook does not', async () => {
    const { origin } = await start([DoesNotWait, WaitsFirst]);
    thrown = new Error('the database is away');

    expect(await deliver(origin, { id: 'msg_7' })).toMatchObject(HANDLER_FAILED);

    expect(seen).toEqual(['publish in no scope']);
  });

  it('do not run the handler once the attempt has failed', async () => {
    const { origin } = await start([CallsLate]);

    expect(await deliver(origin, { id: 'msg_8' })).toMatchObject(HANDLER_FAILED);
    await new Promise(setImmediate);

    expect(seen).toEqual([expect.stringContaining('too late')]);
  });

  it('fail the attempt if a hook fails after the handler has succeeded', async () => {
    const { origin } = await start([FailsAfterwards]);

    expect(await deliver(origin, { id: 'msg_9' })).toMatchObject(HANDLER_FAILED);
  });

  it.each<[string, unknown, string, unknown?]>([
    ['an instance', [new Outer()], 'around: got an object at index 0. Give a list of classes'],
    ['an object between classes', [Outer, {}], 'around: got an object at index 1. Give a list of classes'],
    [
      'a request-scoped class',
      [PerRequest],
      'PerRequest is request-scoped or transient, or depends on such a provider, and an attempt may run without a request: make it a singleton.',
      expect.any(Error),
    ],
    [
      'a class that depends on one',
      [UsesPerRequest],
      'UsesPerRequest is request-scoped or transient, or depends',
      expect.any(Error),
    ],
    ['a class without the method', [Settings], 'Settings has no method around'],
    ['a class whose dependencies are not there', [Provided], 'Provided could not be created', expect.any(Error)],
    ['no list', Outer, 'around: got a function. Give a list of classes'],
  ])('stop the app at start: %s', async (_what, around, message, cause = undefined) => {
    await expect(start(around as never, [PerRequestModule])).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(message),
      ...(cause !== undefined && { cause }),
    });
  });
});
