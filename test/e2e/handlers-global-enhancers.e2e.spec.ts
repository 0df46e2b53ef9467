import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  createParamDecorator,
  Get,
  Controller,
  Injectable,
  Scope,
  UseGuards,
  type ArgumentsHost,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { OnGeminiEvent, type GeminiEvent, type GeminiHandlerContext } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

/** `enhancer contextType`; pipes do not receive the type. */
const ran: string[] = [];
let thrown: Error | undefined;

@Injectable()
class GlobalGuard {
  canActivate(context: ExecutionContext) {
    ran.push(`guard ${context.getType()}`);
    return context.getType() === 'http';
  }
}

@Injectable()
class GlobalInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    ran.push(`interceptor ${context.getType()}`);
    return next.handle();
  }
}

@Injectable()
class GlobalPipe {
  transform(value: unknown) {
    ran.push('pipe');
    return value;
  }
}

/** A typical filter: it writes to the response, and swallows the error if there is none. */
@Catch()
class GlobalFilter {
  catch(_error: unknown, host: ArgumentsHost) {
    ran.push(`filter ${host.getType()}`);
  }
}

const EventType = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.getArgByIndex<GeminiEvent>(0).type,
);

@Injectable()
class Handlers {
  @OnGeminiEvent('*')
  @UseGuards({ canActivate: () => true })
  run(_event: GeminiEvent, _context: GeminiHandlerContext, @EventType() type: string) {
    ran.push(`handler ${type}`);
    if (thrown) throw thrown;
  }
}

@Controller('own')
class OwnRoute {
  @Get()
  answer() {
    return { fine: true };
  }
}

const scoped = (scope?: Scope): Provider[] =>
  [
    [APP_GUARD, GlobalGuard] as const,
    [APP_INTERCEPTOR, GlobalInterceptor] as const,
    [APP_PIPE, GlobalPipe] as const,
    [APP_FILTER, GlobalFilter] as const,
  ].map(([provide, useClass]) => ({ provide, useClass, ...(scope !== undefined && { scope }) }));

const GLOBALS: readonly { how: string; providers: Provider[]; configure?: (app: INestApplication) => void }[] = [
  { how: 'APP_GUARD and the like', providers: scoped() },
  { how: 'APP_GUARD and the like, request-scoped', providers: scoped(Scope.REQUEST) },
  {
    how: 'app.useGlobalGuards and the like',
    providers: [],
    configure: (app) =>
      app
        .useGlobalGuards(new GlobalGuard())
        .useGlobalInterceptors(new GlobalInterceptor())
        .useGlobalPipes(new GlobalPipe())
        .useGlobalFilters(new GlobalFilter()),
  },
];

afterEach(async () => {
  ran.length = 0;
  thrown = undefined;
  await closeApps();
});

describe.each(ADAPTERS)('global enhancers on $adapter', (adapter) => {
  describe.each(GLOBALS)('registered by $how', ({ providers, configure }) => {
    const start = () =>
      startApp(
        { imports: [staticWebhooks()], controllers: [OwnRoute], providers: [Handlers, ...providers] },
        { adapter, ...(configure && { configure }) },
      );

    it('run for HTTP routes including ours, but not for handlers', async () => {
      const { origin } = await start();

      expect(await deliver(origin)).toMatchObject(PROCESSED);
      expect(ran).toEqual(['guard http', 'interceptor http', 'handler batch.succeeded']);

      ran.length = 0;
      expect((await fetch(`${origin}/own`)).status).toBe(200);
      expect(ran).toEqual(['guard http', 'interceptor http']);
    });

    it("do not hide a handler's failure", async () => {
      thrown = new Error('for no filter');
      const { origin } = await start();

      expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
      expect(ran).not.toContainEqual(expect.stringMatching(/gemini_webhook|filter/));
    });
  });
});
