import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Global, Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, DUPLICATE, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];

@Injectable()
class Plain {
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push('Plain.run');
  }

  undecorated() {
    seen.push('Plain.undecorated');
  }

  get broken(): never {
    throw new Error('a getter was read');
  }
}

@Controller('routes')
class Routes {
  @OnGeminiEvent('batch.*')
  run() {
    seen.push('Routes.run');
  }
}

@Injectable()
class Base {
  @OnGeminiEvent('batch.succeeded')
  run() {
    seen.push(`${this.constructor.name}.run of Base`);
  }
}

@Injectable()
class Inheriting extends Base {}

@Injectable()
class Silencing extends Base {
  override run() {
    seen.push('Silencing.run');
  }
}

@Injectable()
class Overriding extends Base {
  @OnGeminiEvent('batch.succeeded')
  override run() {
    seen.push('Overriding.run');
  }
}

@Injectable()
class Stacked {
  @OnGeminiEvent('batch.succeeded')
  @OnGeminiEvent(['batch.*', 'batch.completed'])
  @OnGeminiEvent('*')
  run() {
    seen.push('Stacked.run');
  }
}

@Injectable()
class OtherEvents {
  @OnGeminiEvent(['batch.failed', 'video.generated', 'interaction.*'])
  run() {
    seen.push('OtherEvents.run');
  }
}

@Module({ providers: [Plain], controllers: [Routes], exports: [Plain] })
class FeatureModule {}

@Global()
@Module({ providers: [Plain] })
class GlobalModule {}

@Module({})
class EmptyModule {}

@Module({ imports: [FeatureModule] })
class OuterModule {}

const shared = new Plain();

const FOUND: readonly { what: string; metadata: ModuleMetadata; runs: readonly string[] }[] = [
  { what: 'a provider', metadata: { providers: [Plain] }, runs: ['Plain.run'] },
  { what: 'a controller', metadata: { controllers: [Routes] }, runs: ['Routes.run'] },
  {
    what: 'providers and controllers of an imported module',
    metadata: { imports: [FeatureModule] },
    runs: ['Plain.run', 'Routes.run'],
  },
  {
    what: 'those of a module that is imported twice, directly and by another module',
    metadata: { imports: [OuterModule, FeatureModule] },
    runs: ['Plain.run', 'Routes.run'],
  },
  { what: 'a provider of a global module', metadata: { imports: [GlobalModule] }, runs: ['Plain.run'] },
  {
    what: 'providers and controllers of a dynamic module',
    metadata: { imports: [{ module: EmptyModule, providers: [Plain], controllers: [Routes] }] },
    runs: ['Plain.run', 'Routes.run'],
  },
  {
    what: 'a class provided under a token',
    metadata: { providers: [{ provide: 'token', useClass: Plain }] },
    runs: ['Plain.run'],
  },
  {
    what: 'an instance from a factory',
    metadata: { providers: [{ provide: 'made', useFactory: () => new Plain() }] },
    runs: ['Plain.run'],
  },
  {
    what: 'an instance from an asynchronous factory',
    metadata: { providers: [{ provide: 'made', useFactory: async () => new Plain() }] },
    runs: ['Plain.run'],
  },
  {
    what: 'an instance given as a value',
    metadata: { providers: [{ provide: 'value', useValue: new Plain() }] },
    runs: ['Plain.run'],
  },
  {
    what: 'a provider with aliases, once',
    metadata: {
      providers: [Plain, { provide: 'alias', useExisting: Plain }, { provide: 'alias of it', useExisting: 'alias' }],
    },
    runs: ['Plain.run'],
  },
  {
    what: 'a provider that a factory returns again, once',
    metadata: {
      providers: [{ provide: 'again', useFactory: (plain: Plain) => plain, inject: [Plain] }, Plain],
    },
    runs: ['Plain.run'],
  },
  {
    what: 'a provider that a factory of another module returns again, once',
    metadata: {
      imports: [FeatureModule],
      providers: [{ provide: 'again', useFactory: (plain: Plain) => plain, inject: [Plain] }],
    },
    runs: ['Plain.run', 'Routes.run'],
  },
  {
    what: 'one value under two tokens, once',
    metadata: {
      providers: [
        { provide: 'first', useValue: shared },
        { provide: 'second', useValue: shared },
      ],
    },
    runs: ['Plain.run'],
  },
  { what: 'an inherited method, once', metadata: { providers: [Inheriting] }, runs: ['Inheriting.run of Base'] },
  {
    what: 'an inherited method of every class that is provided',
    metadata: { providers: [Base, Inheriting] },
    runs: ['Base.run of Base', 'Inheriting.run of Base'],
  },
  { what: 'an overriding method, once', metadata: { providers: [Overriding] }, runs: ['Overriding.run'] },
  {
    what: 'an overriding method without a decorator',
    metadata: { providers: [Silencing] },
    runs: ['Silencing.run'],
  },
  { what: 'a method with several decorators, once', metadata: { providers: [Stacked] }, runs: ['Stacked.run'] },
  { what: 'no method for other events', metadata: { providers: [OtherEvents] }, runs: [] },
  {
    what: 'nothing in values that are not class instances',
    metadata: {
      providers: [
        { provide: 'null', useValue: null },
        { provide: 'undefined', useFactory: () => undefined },
        { provide: 'number', useValue: 7 },
        { provide: 'function', useValue: () => 7 },
        { provide: 'class', useValue: Base },
        { provide: 'bare', useValue: Object.create(null) },
        Plain,
      ],
    },
    runs: ['Plain.run'],
  },
];

afterEach(async () => {
  seen.length = 0;
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('discovery', () => {
  it.each(FOUND)('finds $what', async ({ metadata, runs }) => {
    const { imports = [], ...rest } = metadata;
    const { origin } = await startApp({ imports: [staticWebhooks(), ...imports], ...rest }, { adapter });

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject(DUPLICATE);
    expect(seen.toSorted()).toEqual(runs);
  });
});
