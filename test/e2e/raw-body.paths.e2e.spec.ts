import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  HttpCode,
  Module,
  Post,
  RequestMethod,
  UseGuards,
  VersioningType,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import {
  GeminiDelivery,
  GeminiSignatureGuard,
  GeminiWebhooksModule,
  type GeminiWebhooksModuleOptions,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { withHmac } from '../support/senders.js';

/** Formatted unlike any serializer's output, so that only the exact bytes verify. */
const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';

@Controller({ path: ['own/hooks', 'second/hooks'], version: ['1', '2'] })
@UseGuards(GeminiSignatureGuard)
class OwnRoute {
  @Post(['gemini', ':project/gemini'])
  @HttpCode(200)
  receive(@GeminiDelivery() { strategy, params }: GeminiDelivery) {
    return { strategy, params };
  }
}

/** A wildcard that Nest still accepts and `path-to-regexp` does not. */
@Controller('wild')
@UseGuards(GeminiSignatureGuard)
class WildcardRoute {
  @Post('*')
  @HttpCode(200)
  receive(@GeminiDelivery() { strategy }: GeminiDelivery) {
    return { strategy };
  }
}

@Module({ controllers: [OwnRoute, WildcardRoute] })
class FeatureModule {}

interface PathCase {
  readonly where: string;
  readonly paths: readonly string[];
  /** Paths without a route. */
  readonly absent?: readonly string[];
  readonly options?: GeminiWebhooksModuleOptions;
  readonly configure?: (app: INestApplication) => void;
  readonly imports?: ModuleMetadata['imports'];
  readonly headers?: Record<string, string>;
}

const uriVersions = (app: INestApplication) => app.enableVersioning({ type: VersioningType.URI });

const BUILT_IN: readonly PathCase[] = [
  {
    where: 'below a global prefix',
    paths: ['/api/gemini/webhooks'],
    absent: ['/gemini/webhooks'],
    configure: (app) => app.setGlobalPrefix('api'),
  },
  {
    where: 'below a global prefix with a parameter',
    paths: ['/tenants/a%20b/gemini/webhooks'],
    configure: (app) => app.setGlobalPrefix('tenants/:tenant'),
  },
  {
    where: 'excluded from a global prefix',
    paths: ['/gemini/webhooks'],
    absent: ['/api/gemini/webhooks'],
    configure: (app) =>
      app.setGlobalPrefix('api', { exclude: [{ path: 'gemini/webhooks', method: RequestMethod.POST }] }),
  },
  {
    where: 'neutral of URI versions',
    paths: ['/gemini/webhooks'],
    absent: ['/v1/gemini/webhooks'],
    configure: uriVersions,
  },
  {
    where: 'neutral of URI versions with a default',
    paths: ['/api/gemini/webhooks'],
    configure: (app) => app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
  },
  {
    where: 'neutral of header versions',
    paths: ['/gemini/webhooks'],
    configure: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' }),
  },
  {
    where: 'below a RouterModule path',
    paths: ['/mounted/at/gemini/webhooks'],
    absent: ['/gemini/webhooks'],
    imports: [RouterModule.register([{ path: 'mounted/at', module: GeminiWebhooksModule }])],
  },
  { where: 'at a path given with slashes', paths: ['/hooks/gemini'], options: { path: '/hooks/gemini/' } },
  { where: 'at a path with a query', paths: ['/gemini/webhooks?a=1&b=%2Fgemini', '/gemini/webhooks?'] },
];

const OWN: readonly PathCase[] = [
  {
    where: 'below a global prefix and URI versions',
    paths: ['/api/v1/own/hooks/gemini', '/api/v2/second/hooks/gemini', '/api/v1/own/hooks/a%2Fb/gemini'],
    configure: (app) => uriVersions(app.setGlobalPrefix('api')),
  },
  {
    where: 'below a RouterModule path and header versions',
    paths: ['/feature/own/hooks/gemini'],
    imports: [RouterModule.register([{ path: 'feature', module: FeatureModule }])],
    configure: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    headers: { 'x-version': '2' },
  },
  {
    where: 'with media type versions',
    paths: ['/own/hooks/gemini'],
    configure: (app) => app.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=' }),
    headers: { accept: 'application/json;v=2' },
  },
  { where: 'with wildcards', paths: ['/wild/a', '/wild/a/b%20c'] },
  { where: 'without versions', paths: ['/own/hooks/gemini', '/second/hooks/x/gemini?q=1'] },
];

afterEach(closeApps);

describe.each(ADAPTERS)('on $adapter', (adapter) => {
  const start = async ({ options, configure, imports = [] }: Omit<PathCase, 'where' | 'paths'>) => {
    const own = receiver(options);
    const { imports: ours, providers } = own.metadata;
    const { origin } = await startApp(
      { imports: [...ours, FeatureModule, ...imports], providers },
      { adapter, ...(configure && { configure }) },
    );
    return { ...own, origin };
  };

  it.each(BUILT_IN)('the built-in route is $where', async ({ paths, absent = [], ...app }) => {
    const { secret, origin } = await start(app);

    for (const path of paths) {
      const answer = await post(`${origin}${path}`, withHmac(secret, BODY));
      expect([path, answer.status]).toEqual([path, 200]);
    }
    for (const path of absent) {
      const answer = await fetch(`${origin}${path}`, { method: 'POST', ...withHmac(secret, BODY) });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });

  it.each(OWN)('a guarded route of the app gets its raw body $where', async ({ paths, headers, ...app }) => {
    const { secret, origin } = await start(app);

    for (const path of paths) {
      const delivery = withHmac(secret, BODY);
      const answer = await post(`${origin}${path}`, { ...delivery, headers: { ...delivery.headers, ...headers } });
      expect([path, answer.status, answer.body['strategy']]).toEqual([path, 200, 'hmac']);
    }
  });
});
