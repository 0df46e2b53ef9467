import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createParamDecorator,
  Injectable,
  mixin,
  Module,
  UsePipes,
  type ExecutionContext,
  type Provider,
  type Type,
} from '@nestjs/common';
import { OnGeminiEvent, type GeminiEvent, type GeminiHandlerContext } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const names: string[] = [];
const received: Record<string, unknown[]> = {};

@Injectable()
class Billing {
  @OnGeminiEvent('*')
  charge(_event: GeminiEvent, { handler }: GeminiHandlerContext) {
    names.push(handler);
  }

  @OnGeminiEvent('batch.*')
  @OnGeminiEvent('video.generated', { name: 'refunds' })
  refund(_event: GeminiEvent, { handler }: GeminiHandlerContext) {
    names.push(handler);
  }
}

@Module({ providers: [Billing] })
class FirstModule {}

@Module({ providers: [Billing] })
class SecondModule {}

/** Another class of the same name. */
function twin(): Type {
  const { [Billing.name]: Twin } = {
    [Billing.name]: class {
      charge() {}
    },
  } as Record<string, Type<{ charge(): void }>>;
  const prototype = (Twin as Type<{ charge(): void }>).prototype as { charge(): void };
  OnGeminiEvent('*')(prototype, 'charge', Object.getOwnPropertyDescriptor(prototype, 'charge')!);
  Injectable()(Twin as Type);
  return Twin as Type;
}

/** A class that is renamed after its decorators have run, as `mixin()` does. */
@Injectable()
class Renamed {
  @OnGeminiEvent('*')
  charge(_event: GeminiEvent, { handler }: GeminiHandlerContext) {
    names.push(handler);
  }
}
Object.defineProperty(Renamed, 'name', { value: 'uHn3cTqZ0' });

class Inherited {
  @OnGeminiEvent('*')
  charge(_event: GeminiEvent, { handler }: GeminiHandlerContext) {
    names.push(handler);
  }
}

class Plain {}

@Injectable()
class SharingAName {
  @OnGeminiEvent('*', { name: 'refunds' })
  other() {}
}

@Injectable()
class TwoNames {
  @OnGeminiEvent('batch.*', { name: 'one' })
  @OnGeminiEvent('video.*', { name: 'two' })
  run() {}
}

@Injectable()
class TwoTimeouts {
  @OnGeminiEvent('batch.*', { timeoutMs: 10 })
  @OnGeminiEvent('video.*', { timeoutMs: 20 })
  run() {}
}

@Injectable()
class OneTimeoutTwice {
  @OnGeminiEvent('batch.*', { timeoutMs: 10_000, name: 'agreed' })
  @OnGeminiEvent('video.*', { timeoutMs: 10_000, name: 'agreed' })
  run(_event: GeminiEvent, { handler }: GeminiHandlerContext) {
    names.push(handler);
  }
}

const EventId = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.getArgByIndex<GeminiEvent>(0).delivery.id,
);

const tagged = (tag: string) => ({ transform: (event: unknown) => ({ ...(event as object), tag }) });

function firstNamesake(): Provider {
  @Injectable()
  class Namesake {
    @OnGeminiEvent('*', { name: 'first' })
    run(@EventId() ...args: unknown[]) {
      received['first'] = args;
    }
  }
  return Namesake;
}

function secondNamesake(): Provider {
  @Injectable()
  class Namesake {
    @OnGeminiEvent('*', { name: 'second' })
    @UsePipes(tagged('second'))
    run(...args: [GeminiEvent, GeminiHandlerContext]) {
      received['second'] = args;
    }
  }
  return Namesake;
}

function thirdNamesake(): Provider {
  @Injectable()
  class Namesake {
    @OnGeminiEvent('*', { name: 'third' })
    run(...args: [GeminiEvent, GeminiHandlerContext]) {
      received['third'] = args;
    }
  }
  return Namesake;
}

afterEach(async () => {
  names.length = 0;
  for (const name of Object.keys(received)) delete received[name];
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('names of handlers', () => {
  const start = (providers: Provider[], imports: (new () => object)[] = []) =>
    startApp({ imports: [staticWebhooks(), ...imports], providers }, { adapter });

  it('consist of class and method or come from the decorator, and are in the context', async () => {
    const { origin } = await start([Billing, OneTimeoutTwice]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(names.toSorted()).toEqual(['Billing.charge', 'agreed', 'refunds']);
  });

  it('use the names that classes had when their decorators ran', async () => {
    const { origin } = await start([Renamed]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(names).toEqual(['Renamed.charge']);
  });

  const named = (name: string) => ({ [name]: class extends Inherited {} })[name]!;

  it.each<{ what: string; provider: () => Type; name: string }>([
    ...[`Orders${'a'.repeat(21)}`, 'a'.repeat(22)].map((name) => ({
      what: `${name} only resembles a name from mixin()`,
      provider: () => named(name),
      name: `${name}.charge`,
    })),
    {
      what: 'mixin() made the class, and it inherits the handler',
      provider: () => mixin(class Tenant extends Inherited {}),
      name: 'Inherited.charge',
    },
    {
      what: 'mixin() made its base class',
      provider: () => class Own extends (mixin(class Tenant extends Inherited {}) as typeof Inherited) {},
      name: 'Own.charge',
    },
    {
      what: 'a decorator replaced it by a class without a name',
      provider: () => (() => class extends Inherited {})(),
      name: 'Inherited.charge',
    },
    {
      what: 'mixin() made the class, and the method was copied to it',
      provider: () => {
        const Copied = class Tenant extends Plain {};
        Object.defineProperty(
          Copied.prototype,
          'charge',
          Object.getOwnPropertyDescriptor(Inherited.prototype, 'charge')!,
        );
        return mixin(Copied);
      },
      name: 'Plain.charge',
    },
  ])('are the same in every process: $what', async ({ provider, name }) => {
    const { origin } = await start([provider()]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(names).toEqual([name]);
  });

  it.each([
    { what: 'one class provided by two modules', imports: [FirstModule, SecondModule], name: 'Billing.charge' },
    { what: 'two classes with the same name', providers: [Billing, twin()], name: 'Billing.charge' },
    {
      what: 'one class under two tokens',
      providers: [Billing, { provide: 'again', useClass: Billing }],
      name: 'Billing.charge',
    },
    {
      what: 'two instances of one class',
      providers: [
        { provide: 'first', useFactory: () => new Billing() },
        { provide: 'second', useFactory: () => new Billing() },
      ],
      name: 'Billing.charge',
    },
    { what: 'a name that is used twice', providers: [Billing, SharingAName], name: 'refunds' },
  ])('that collide stop the app and are listed: $what', async ({ providers = [], imports = [], name }) => {
    await expect(start(providers, imports)).rejects.toMatchObject({
      code: 'invalid_handler',
      message: expect.stringMatching(new RegExp(`named "${name}".*export it from one.*name: '…'`, 's')),
    });
  });

  it.each([
    { option: 'name', provider: TwoNames, given: 'two, one' },
    { option: 'timeoutMs', provider: TwoTimeouts, given: '20, 10' },
  ])(
    'and options that differ between the decorators of a method stop the app: $option',
    async ({ option, provider, given }) => {
      await expect(start([provider])).rejects.toMatchObject({
        code: 'invalid_handler',
        message: expect.stringMatching(new RegExp(`${provider.name}\\.run.*${option}: ${given}\\. Use`)),
      });
    },
  );

  it('distinguish classes of the same name, with separate pipes and parameters', async () => {
    const { origin } = await start([firstNamesake(), secondNamesake(), thirdNamesake()]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(received['first']?.[0]).toMatch(/^msg_/);
    expect(received['second']).toEqual([
      expect.objectContaining({ type: 'batch.succeeded', tag: 'second' }),
      expect.objectContaining({ handler: 'second' }),
    ]);
    expect(received['third']).toEqual([
      expect.not.objectContaining({ tag: 'second' }),
      expect.objectContaining({ handler: 'third' }),
    ]);
  });
});
