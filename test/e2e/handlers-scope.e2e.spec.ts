import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type ExecutionContext,
  type ModuleMetadata,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { OnGeminiEvent, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

interface Run {
  readonly instance: object;
  readonly event: GeminiEvent;
  readonly request?: unknown;
  readonly dependency?: object;
}

const runs: Run[] = [];
const constructed: string[] = [];

@Injectable()
class Dependency {}

@Injectable({ scope: Scope.REQUEST })
class RequestDependency {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientDependency {}

@Injectable({ scope: Scope.REQUEST })
class RequestScoped {
  constructor(
    @Inject(REQUEST) readonly request: unknown,
    readonly dependency: Dependency,
  ) {
    constructed.push('RequestScoped');
  }

  @OnGeminiEvent('batch.*')
  run(event: GeminiEvent) {
    runs.push({ instance: this, event, request: this.request, dependency: this.dependency });
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class RequestScopedController {
  constructor(
    @Inject(REQUEST) readonly request: unknown,
    readonly dependency: Dependency,
  ) {}

  @OnGeminiEvent('batch.*')
  run(event: GeminiEvent) {
    runs.push({ instance: this, event, request: this.request, dependency: this.dependency });
  }
}

@Injectable()
class WithRequestScopedDependency {
  constructor(
    readonly scoped: RequestDependency,
    readonly dependency: Dependency,
  ) {}

  @OnGeminiEvent('batch.*')
  run(event: GeminiEvent) {
    runs.push({ instance: this, event, request: this.scoped.request, dependency: this.dependency });
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  constructor(readonly dependency: Dependency) {}

  @OnGeminiEvent('batch.*')
  run(event: GeminiEvent) {
    runs.push({ instance: this, event, dependency: this.dependency });
  }
}

@Injectable()
class WithTransientDependency {
  constructor(readonly dependency: TransientDependency) {}

  @OnGeminiEvent('batch.*')
  run(event: GeminiEvent) {
    runs.push({ instance: this, event, dependency: this.dependency });
  }
}

const requestsSeen: [enhancer: string, fresh: boolean][] = [];

@Injectable({ scope: Scope.REQUEST })
class EventReader {
  constructor(@Inject(REQUEST) private readonly request: unknown) {}

  note(enhancer: string, event: unknown) {
    requestsSeen.push([enhancer, event === this.request]);
  }
}

@Injectable()
class ScopedGuard {
  constructor(private readonly reader: EventReader) {}

  canActivate(context: ExecutionContext) {
    this.reader.note('guard', context.getArgByIndex(0));
    return true;
  }
}

@Injectable()
class ScopedInterceptor {
  constructor(private readonly reader: EventReader) {}

  intercept(context: ExecutionContext, next: CallHandler) {
    this.reader.note('interceptor', context.getArgByIndex(0));
    return next.handle();
  }
}

@Injectable()
class ScopedPipe {
  constructor(private readonly reader: EventReader) {}

  transform(event: unknown) {
    this.reader.note('pipe', event);
    return event;
  }
}

@Catch()
class ScopedFilter {
  constructor(private readonly reader: EventReader) {}

  catch(_error: unknown, host: ArgumentsHost) {
    this.reader.note('filter', host.getArgByIndex(0));
  }
}

@Injectable()
@UseGuards(ScopedGuard)
class BehindScopedEnhancers {
  @OnGeminiEvent('batch.*')
  @UseInterceptors(ScopedInterceptor)
  @UsePipes(ScopedPipe)
  @UseFilters(ScopedFilter)
  run(_event: GeminiEvent) {
    throw new Error('for the filter');
  }
}

const FRESH: readonly { what: string; metadata: ModuleMetadata; request: boolean }[] = [
  { what: 'a request-scoped provider', metadata: { providers: [RequestScoped] }, request: true },
  {
    what: 'a request-scoped class under a token',
    metadata: { providers: [{ provide: 'token', useClass: RequestScoped }] },
    request: true,
  },
  { what: 'a request-scoped controller', metadata: { controllers: [RequestScopedController] }, request: true },
  {
    what: 'a provider with a request-scoped dependency',
    metadata: { providers: [WithRequestScopedDependency, RequestDependency] },
    request: true,
  },
  { what: 'a transient provider', metadata: { providers: [Transient] }, request: false },
  {
    what: 'a request-scoped provider with an alias, once,',
    metadata: { providers: [RequestScoped, { provide: 'alias', useExisting: RequestScoped }] },
    request: true,
  },
  {
    what: 'a transient provider with an alias, once,',
    metadata: { providers: [Transient, { provide: 'alias', useExisting: Transient }] },
    request: false,
  },
];

afterEach(async () => {
  for (const list of [runs, constructed, requestsSeen]) list.length = 0;
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('scopes', () => {
  const start = ({ providers = [], ...rest }: ModuleMetadata) =>
    startApp({ imports: [staticWebhooks()], providers: [Dependency, ...providers], ...rest }, { adapter });

  it.each(FRESH)('$what is created for each event, with its dependencies', async ({ metadata, request }) => {
    const { app, origin } = await start(metadata);

    for (const id of ['batch_1', 'batch_2']) expect(await deliver(origin, { id })).toMatchObject(PROCESSED);

    expect(runs.map(({ event }) => event.data)).toEqual([{ id: 'batch_1' }, { id: 'batch_2' }]);
    expect(runs[0]?.instance).not.toBe(runs[1]?.instance);
    for (const run of runs) {
      expect(run.dependency).toBe(app.get(Dependency));
      if (request) expect(run.request).toBe(run.event);
    }
  });

  it('a request-scoped provider is not constructed before the first event', async () => {
    const { origin } = await start({ providers: [RequestScoped] });
    expect(constructed).toEqual([]);

    await deliver(origin);
    expect(constructed).toEqual(['RequestScoped']);
  });

  it('a provider with a transient dependency remains a single instance', async () => {
    const { origin } = await start({ providers: [WithTransientDependency, TransientDependency] });

    for (const id of ['batch_1', 'batch_2']) await deliver(origin, { id });

    expect(runs).toHaveLength(2);
    expect(runs[0]?.instance).toBe(runs[1]?.instance);
    expect(runs[0]?.dependency).toBeInstanceOf(TransientDependency);
  });

  it('request-scoped guards, interceptors, pipes and filters get the event as their request', async () => {
    const { origin } = await start({ providers: [BehindScopedEnhancers, EventReader] });

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(requestsSeen).toEqual([
      ['guard', true],
      ['interceptor', true],
      ['pipe', true],
      ['filter', true],
    ]);
  });

  it('fails the attempt and retries when an instance cannot be constructed', async () => {
    let broken = true;
    @Injectable({ scope: Scope.REQUEST })
    class Fragile {
      constructor() {
        if (broken) throw new Error('no database today');
      }

      @OnGeminiEvent('batch.*')
      run(event: GeminiEvent) {
        runs.push({ instance: this, event });
      }
    }
    const { origin } = await start({ providers: [Fragile] });

    expect(await deliver(origin)).toMatchObject({ status: 500, body: { code: 'handler_failed' } });
    broken = false;
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(runs).toHaveLength(1);
  });
});
