import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, mixin, UseGuards, type Type } from '@nestjs/common';
import { OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];

@Injectable()
class Orders {
  @OnGeminiEvent(['batch.*', 'video.generated'])
  publish() {
    seen.push('publish');
  }

  undecorated() {}
}

class Guarded {
  @OnGeminiEvent('*')
  @UseGuards({ canActivate: () => seen.push('guard') === 0 })
  run() {
    seen.push('run');
  }
}

class Stacked {
  @OnGeminiEvent('video.generated')
  @OnGeminiEvent(['batch.succeeded', 'batch.failed'])
  @OnGeminiEvent('interaction.*')
  run() {}
}

class Copied {}
Object.defineProperty(Copied.prototype, 'run', Object.getOwnPropertyDescriptor(Guarded.prototype, 'run')!);

class Hidden extends Orders {}
Object.defineProperty(Hidden.prototype, 'publish', { value: 7 });

class Named extends Orders {}

/** A base class that was renamed after its decorators ran. */
class Tenant {
  @OnGeminiEvent('*')
  run() {}
}
mixin(Tenant);

afterEach(async () => {
  seen.length = 0;
  await closeApps();
});

const start = async (provider: Type) => {
  const logger = new RecordingLogger();
  const { origin } = await startApp(
    { imports: [staticWebhooks()], providers: [provider] },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  return { origin, mapped: logger.of('log').filter((line) => line.startsWith('Mapped {') && !line.includes('/')) };
};

describe('the handlers that an app logs at start', () => {
  it.each<{ what: string; provider: () => Type; mapped: string }>([
    { what: 'a decorated method', provider: () => Orders, mapped: 'batch.*, video.generated} Orders.publish' },
    {
      what: 'a method with several decorators, by the patterns in the order of the source',
      provider: () => Stacked,
      mapped: 'video.generated, batch.succeeded, batch.failed, interaction.*} Stacked.run',
    },
    { what: 'a method copied to another class', provider: () => Copied, mapped: '*} Copied.run' },
    {
      what: 'a method that a value hides',
      provider: () => Hidden,
      mapped: 'batch.*, video.generated} Hidden.publish',
    },
    {
      what: 'a method of a class without a name, by that of the nearest class that has one',
      provider: () => (() => class extends Named {})(),
      mapped: 'batch.*, video.generated} Named.publish',
    },
    {
      what: 'a method of classes without lasting names, by the name when it was decorated',
      provider: () => (() => class extends Tenant {})(),
      mapped: '*} Tenant.run',
    },
  ])('are only $what', async ({ provider, mapped }) => {
    expect((await start(provider())).mapped).toEqual([`Mapped {${mapped} GeminiWebhooks`]);
  });

  it('keep their guards when they are copied', async () => {
    const { origin } = await start(Copied);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual(['guard']);
  });
});
