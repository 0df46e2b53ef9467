import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  type HttpException,
  SetMetadata,
  UseFilters,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, HttpAdapterHost, Reflector } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { withHmac } from '../support/senders.js';

const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';
const IS_PUBLIC = 'isPublic';
const Public = (): ClassDecorator => SetMetadata(IS_PUBLIC, true);

class LoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return new Reflector().getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()]) === true;
  }
}

class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ envelope: data ?? null })));
  }
}

class DenyingPipe implements PipeTransform {
  transform(): never {
    throw new BadRequestException('no value is good enough');
  }
}

@Catch()
class CatchAll implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { caught: 'all' }, 200);
  }
}

interface Enhanced {
  readonly enhancers: string;
  readonly providers?: readonly Provider[];
  readonly configure?: (app: INestApplication) => void;
}

const ENHANCED: readonly Enhanced[] = [
  { enhancers: 'no enhancers' },
  { enhancers: 'an APP_INTERCEPTOR that wraps', providers: [{ provide: APP_INTERCEPTOR, useClass: Envelope }] },
  { enhancers: 'a global interceptor that wraps', configure: (app) => app.useGlobalInterceptors(new Envelope()) },
  { enhancers: 'an APP_PIPE that refuses', providers: [{ provide: APP_PIPE, useClass: DenyingPipe }] },
  { enhancers: 'a global pipe that refuses', configure: (app) => app.useGlobalPipes(new DenyingPipe()) },
  {
    enhancers: 'an APP_FILTER for everything',
    providers: [{ provide: APP_FILTER, useClass: CatchAll }],
  },
  {
    enhancers: 'a global filter for everything',
    configure: (app) => app.useGlobalFilters(new CatchAll(app.get(HttpAdapterHost))),
  },
  {
    enhancers: 'a guard for everything, passed by decorators',
    providers: [{ provide: APP_GUARD, useClass: LoginGuard }],
  },
];

afterEach(closeApps);

describe.each(ADAPTERS)('the built-in route on $adapter', (adapter) => {
  const start = async ({ providers = [], configure }: Partial<Enhanced>, options: GeminiWebhooksModuleOptions = {}) => {
    const own = receiver(options);
    const { origin } = await startApp(
      { imports: own.metadata.imports, providers: [...own.metadata.providers, ...providers] },
      { adapter, ...(configure && { configure }) },
    );
    return { ...own, url: `${origin}/gemini/webhooks` };
  };

  it.each(ENHANCED)('responds as the contract requires with $enhancers', async (enhanced) => {
    const { secret, url } = await start(enhanced, {
      decorators: [Public()],
      bodyLimitBytes: 200,
      inbox: () => ({
        accept: async ({ sentType }) => {
          if (sentType === 'down.event') throw new Error('the store is down');
          return { status: 'processed', httpStatus: 200 };
        },
        close: async () => undefined,
      }),
    });
    const good = withHmac(secret, BODY);

    const taken = await post(url, good);
    const refused = await Promise.all([
      post(url, { ...good, body: `${BODY} ` }),
      post(url, { headers: {}, body: BODY }),
      post(url, withHmac(secret, '"no object"')),
      post(url, withHmac(secret, '{"type":"down.event"}')),
      post(url, withHmac(secret, `${BODY}${' '.repeat(200)}`)),
      post(url, { ...good, headers: { ...good.headers, 'content-encoding': 'gzip' } }),
    ]);

    expect([taken.status, taken.body]).toEqual([200, { status: 'processed' }]);
    expect(taken.headers.get('content-type')).toMatch(/^application\/json/);
    expect(refused.map(({ status, body }) => [status, body['code'], body['status']])).toEqual([
      [401, 'signature_mismatch', 401],
      [415, 'unsupported_media_type', 415],
      [400, 'malformed_event', 400],
      [503, 'inbox_unavailable', 503],
      [413, 'body_too_large', 413],
      [415, 'unsupported_media_type', 415],
    ]);
    for (const { headers, body } of refused) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(Object.keys(body).toSorted()).toEqual(['code', 'status', 'title', 'type']);
    }
  });

  it('keeps the headers of an inbox refusal for a filter that decorators add', async () => {
    class OwnFilter implements ExceptionFilter<HttpException> {
      catch(error: HttpException, host: ArgumentsHost): void {
        adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), { own: 'answer' }, error.getStatus());
      }
    }
    let adapterHost = new HttpAdapterHost();
    const { secret, url } = await start(
      { configure: (app) => (adapterHost = app.get(HttpAdapterHost)) },
      {
        decorators: [UseFilters(new OwnFilter())],
        inbox: () => ({
          accept: () => Promise.reject(new Error('the store is down')),
          close: async () => undefined,
        }),
      },
    );

    const answer = await post(url, withHmac(secret, BODY));

    expect([answer.status, answer.body]).toEqual([503, { own: 'answer' }]);
    expect(answer.headers.get('retry-after')).toBe('10');
  });

  it("is protected by the app's global guards, without decorators", async () => {
    const { secret, events, url } = await start({ providers: [{ provide: APP_GUARD, useClass: LoginGuard }] });

    const answer = await post(url, withHmac(secret, BODY));

    expect(answer.status).toBe(403);
    expect(answer.body).not.toHaveProperty('code');
    expect(events).toEqual([]);
  });
});
