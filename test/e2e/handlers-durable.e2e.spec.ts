import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { OnGeminiEvent, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const tenants = new Map<string, ContextId>();

/** Nest's documented strategy of one subtree per tenant, for events: the user metadata contains the tenant. */
const byTenant: ContextIdStrategy<GeminiEvent> = {
  attach(contextId, { userMetadata }) {
    const tenant = String(userMetadata['tenant']);
    const subTree = tenants.get(tenant) ?? ContextIdFactory.create();
    tenants.set(tenant, subTree);
    return {
      resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? subTree : contextId),
      payload: { tenant },
    };
  },
};

let created = 0;
const seen: unknown[] = [];

@Injectable({ scope: Scope.REQUEST, durable: true })
class OfTenant {
  readonly number = (created += 1);

  constructor(@Inject(REQUEST) private readonly request: { readonly tenant?: string }) {}

  @OnGeminiEvent('*')
  run(event: GeminiEvent) {
    seen.push([this.number, this.request.tenant, event.userMetadata['tenant']]);
  }
}

@Injectable({ scope: Scope.REQUEST })
class OfEvent {
  constructor(@Inject(REQUEST) private readonly request: GeminiEvent) {}

  @OnGeminiEvent('*')
  run(event: GeminiEvent) {
    seen.push(this.request === event);
  }
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class OfTenantEvent extends OfEvent {
  constructor(@Inject(REQUEST) request: GeminiEvent) {
    super(request);
  }
}

afterEach(async () => {
  // A strategy cannot be removed, so this one does what Nest does by default.
  ContextIdFactory.apply({ attach: (contextId) => () => contextId });
  seen.length = created = 0;
  await closeApps();
});

describe('a durable provider', () => {
  it("has one instance per tenant, as the app's strategy decides", async () => {
    ContextIdFactory.apply(byTenant as ContextIdStrategy);
    const { origin } = await startApp({ imports: [staticWebhooks()], providers: [OfTenant] }, { adapter: ADAPTERS[0] });

    for (const [id, tenant] of [
      ['1', 'acme'],
      ['2', 'beta'],
      ['3', 'acme'],
    ] as const) {
      const answer = await deliver(origin, { id, data: { user_metadata: { tenant } } });
      expect(answer).toMatchObject(PROCESSED);
    }

    expect(seen).toEqual([
      [1, 'acme', 'acme'],
      [2, 'beta', 'beta'],
      [1, 'acme', 'acme'],
    ]);
  });

  it('has the event as its request if the strategy gives no payload', async () => {
    ContextIdFactory.apply({ attach: (contextId) => ({ resolve: () => contextId, payload: undefined as never }) });
    const { origin } = await startApp(
      { imports: [staticWebhooks()], providers: [OfTenantEvent] },
      { adapter: ADAPTERS[0] },
    );

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual([true]);
  });

  it('does not affect other request-scoped handlers, which do not use the strategy', async () => {
    ContextIdFactory.apply({
      attach() {
        throw new Error('reads a header');
      },
    });
    const { origin } = await startApp({ imports: [staticWebhooks()], providers: [OfEvent] }, { adapter: ADAPTERS[0] });

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(seen).toEqual([true]);
  });
});

describe('an app whose hooks run twice', () => {
  it('finds its handlers once', async () => {
    const logger = new RecordingLogger();
    const module = await Test.createTestingModule({ imports: [staticWebhooks()], providers: [OfEvent] }).compile();
    module.useLogger(logger);
    await module.init();
    const app = module.createNestApplication();
    await app.init();
    await app.close();

    expect(logger.of('log').filter((line) => line.includes('OfEvent.run'))).toHaveLength(1);
    expect(logger.of('error')).toEqual([]);
  });
});
