import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  HttpCode,
  Injectable,
  Post,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
} from '@nestjs/common';
import type { Response as ExpressResponse } from 'express';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  GeminiDelivery,
  GeminiEventBus,
  GeminiInbox,
  GeminiSignatureGuard,
  GeminiWebhooksError,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type GeminiWebhooksModuleOptions,
  type VerifiedDelivery,
} from '../../lib/index.js';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';

interface Check {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly todo: string;
}

const PATH = '/gemini/webhooks';
const HEADER = 'gemini-webhooks-doctor';
const servers: Server[] = [];
let gemini: GeminiSimulator;

beforeEach(async () => {
  gemini = await GeminiSimulator.start();
});

afterEach(async () => {
  await closeApps();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => void server.close(resolve).closeAllConnections());
  }
  await gemini.close();
});

async function doctor(url: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, out, err } = await cli(['doctor', url, '--local', '--json', ...args], { env });
  const { ok, checks } = JSON.parse(out) as { readonly ok: boolean; readonly checks: readonly Check[] };
  const check = (name: string) => checks.find((one) => one.name === name);
  return { code, err, ok, check, failed: checks.filter(({ state }) => state === 'failed').map(({ name }) => name) };
}

/** Starts a server in place of the app, with its own responses. */
async function standIn(answer: (response: ServerResponse, isSigned: boolean, body: Buffer) => void): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => answer(response, 'webhook-signature' in request.headers, body));
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
}

/** Starts an app with these providers, and only a static secret unless options add more. */
async function app(
  providers: readonly (new (...args: never[]) => object)[],
  options: GeminiWebhooksModuleOptions = {},
) {
  const secret = newSecret();
  const { app: nest, origin } = await startApp(
    {
      imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: secret }, gemini: false, ...options })],
      providers: [...providers],
    },
    { adapter: ADAPTERS[0] },
  );
  return { nest, secret, url: origin + PATH, env: { GEMINI_WEBHOOK_SECRET: secret } };
}

/** Creates a webhook that delivers to the app, and returns the environment with which doctor finds it. */
async function webhookOf({ url, secret }: { url: string; secret: string }, events: string[]) {
  const { webhooks } = new GoogleGenAI(gemini.clientOptions);
  const { id } = await webhooks.create({ name: 'mine', uri: url, subscribed_events: events as ['batch.succeeded'] });
  return {
    id,
    env: { GEMINI_API_KEY: gemini.apiKey, GOOGLE_GEMINI_BASE_URL: gemini.baseUrl, GEMINI_WEBHOOK_SECRET: secret },
  };
}

describe('doctor of a server that is not the app', () => {
  it.each([
    ['nothing', 200, 'text/plain', ''],
    ['a word', 200, 'text/plain', 'ok'],
    ['a page', 200, 'text/html', '<html></html>'],
    ['other JSON', 200, 'application/json', '{"ok":true}'],
    ['created', 201, 'application/json', '{"status":"accepted"}'],
    ['no content', 204, 'text/plain', ''],
    ['a receipt like ours', 200, 'application/json', '{"status":"processed"}'],
  ])('reports that something else responds, with %s', async (_, status, type, body) => {
    const url = await standIn((response) => {
      response.writeHead(status, { 'content-type': type }).end(status === 204 ? undefined : body);
    });
    const { code, failed, check } = await doctor(url, [], { GEMINI_WEBHOOK_SECRET: newSecret() });

    expect({ code, failed }).toEqual({ code: 1, failed: ['route'] });
    expect(check('route')).toMatchObject({ todo: expect.stringContaining('GeminiSignatureGuard') });
    expect(check('raw body')).toMatchObject({ state: 'skipped' });
  });

  it.each([
    ['nothing', 200, 'text/plain', ''],
    ['a page that looks like ours', 200, 'text/html', '{"status":"processed"}'],
    ['other JSON', 200, 'application/json', '{"status":"processed","id":1}'],
    ['another word', 200, 'application/json', '{"status":"ok"}'],
    ['another status', 201, 'application/json', '{"status":"processed"}'],
  ])('does not count a 2xx as accepted, with %s', async (_, status, type, body) => {
    const url = await standIn((response, isSigned) => {
      if (isSigned) response.writeHead(status, { 'content-type': type }).end(body);
      else response.writeHead(400, { 'content-type': 'application/json' }).end('{"code":"missing_header"}');
    });
    const { code, failed, check } = await doctor(url, [], { GEMINI_WEBHOOK_SECRET: newSecret() });

    expect({ code, failed }).toEqual({ code: 1, failed: ['raw body'] });
    expect(check('raw body')).toMatchObject({ todo: expect.stringContaining('GeminiSignatureGuard') });
    expect(check('handlers')).toMatchObject({ state: 'skipped' });
  });

  it('accepts any response of a custom route whose guard has verified the delivery', async () => {
    @Catch()
    class Enveloped {
      catch(_error: unknown, host: ArgumentsHost) {
        host.switchToHttp().getResponse<ExpressResponse>().status(400).json({ error: 'no' });
      }
    }
    @Controller()
    class Own {
      constructor(readonly inbox: GeminiInbox) {}

      @Post('own')
      @HttpCode(200)
      @UseGuards(GeminiSignatureGuard)
      @UseFilters(Enveloped)
      async take(@GeminiDelivery() delivery: VerifiedDelivery) {
        await this.inbox.accept(delivery);
        return { data: { ok: true } };
      }
    }
    const { secret, metadata } = receiver();
    const { origin } = await startApp({ ...metadata, controllers: [Own] }, { adapter: ADAPTERS[0] });
    const { code, failed, check } = await doctor(`${origin}/own`, [], { GEMINI_WEBHOOK_SECRET: secret });

    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(check('unsigned')).toMatchObject({ state: 'passed', found: expect.stringContaining('400') });
    expect(check('handlers')).toMatchObject({ state: 'passed' });
  });
});

describe('doctor of an app with a static secret only', () => {
  @Injectable()
  class Batches {
    @OnGeminiEvent('batch.succeeded')
    take() {}
  }

  it('does not fail for dynamic webhooks', async () => {
    const { url, env } = await app([Batches]);
    const { code, failed, check } = await doctor(url, [], { ...env, GEMINI_WEBHOOK_JWKS_URL: 'http://127.0.0.1:9/' });

    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(check('key set')).toMatchObject({ state: 'skipped', found: expect.stringContaining('jwks') });
  });

  it('does not fail for them with an API key for the ping either', async () => {
    const own = await app([Batches]);
    const { env } = await webhookOf(own, ['batch.succeeded']);
    const { secret: _, ...rest } = own;
    const { check } = await doctor(rest.url, ['--webhook', 'mine'], {
      ...env,
      GEMINI_WEBHOOK_JWKS_URL: 'http://127.0.0.1:9/',
    });

    expect(check('key set')).toMatchObject({ state: 'skipped' });
  });

  it('checks the key set of an app that takes dynamic webhooks, without an API key in the environment', async () => {
    const { url, env } = await app([Batches], { binding: { secret: 'a'.repeat(32) } });
    const { failed } = await doctor(url, [], { ...env, GEMINI_WEBHOOK_JWKS_URL: 'http://127.0.0.1:9/' });

    expect(failed).toEqual(['key set']);
  });

  it('checks a key set that is named', async () => {
    const { url, env } = await app([Batches]);
    const { failed } = await doctor(url, ['--jwks-url', 'http://127.0.0.1:9/'], env);

    expect(failed).toEqual(['key set']);
  });
});

describe('doctor of an app whose inbox accepts nothing', () => {
  class Batches {
    @OnGeminiEvent('batch.succeeded')
    take() {}
  }

  it('names the store of the inbox, and not the raw body, which is verified', async () => {
    const accept = () =>
      Promise.reject(new GeminiWebhooksError('inbox_unavailable', 'The store is not available yet.'));
    const { url, env } = await app([Batches], { inbox: () => ({ accept, close: async () => undefined }) });
    const { code, failed, check } = await doctor(url, [], env);

    expect({ code, failed }).toEqual({ code: 1, failed: ['inbox'] });
    expect(check('raw body')).toMatchObject({ state: 'passed', found: expect.stringContaining('verified') });
    expect(check('inbox')).toMatchObject({
      found: expect.stringContaining('503 inbox_unavailable'),
      todo: expect.stringMatching(/store of its inbox.*Redis or PostgreSQL/),
    });
    expect(check('handlers')).toMatchObject({ state: 'passed' });
  });

  it('has no line about the inbox of an app that accepts', async () => {
    const { url, env } = await app([Batches]);
    const { check } = await doctor(url, [], env);

    expect(check('inbox')).toBeUndefined();
  });
});

describe('doctor of the handlers', () => {
  it('reports an app without handlers', async () => {
    const { url, env } = await app([]);
    const { code, failed, check } = await doctor(url, [], env);

    expect({ code, failed }).toEqual({ code: 1, failed: ['handlers'] });
    expect(check('raw body')).toMatchObject({ state: 'passed' });
    expect(check('handlers')).toMatchObject({ found: expect.stringContaining('@OnGeminiEvent') });
  });

  it('names the events that the webhook subscribes to and that have no handler', async () => {
    @Injectable()
    class Batches {
      @OnGeminiEvent(['batch.completed', 'interaction.*'])
      take() {}
    }
    const own = await app([Batches]);
    const { env } = await webhookOf(own, ['batch.succeeded', 'batch.failed', 'video.generated', 'interaction.failed']);
    const { check } = await doctor(own.url, ['--webhook', 'mine'], env);

    expect(check('handlers')?.state).toBe('failed');
    expect(check('handlers')?.found.match(/\b\w+\.\w+\b/g)).toEqual(['batch.failed', 'video.generated']);
  });

  it('counts listeners on the bus', async () => {
    const { nest, url, env } = await app([]);
    nest.get(GeminiEventBus).events$.subscribe();
    const { code, check } = await doctor(url, [], env);

    expect(code).toBe(0);
    expect(check('handlers')).toMatchObject({ state: 'passed', found: expect.stringContaining('GeminiEventBus') });
  });

  describe('of a process that only receives', () => {
    const inbox = inlineInbox();
    const receiving =
      (health?: () => Promise<{ readonly worker: string }>): typeof inbox =>
      (host) =>
        Object.defineProperties(inbox(host), {
          hasWorkers: { value: false },
          health: { value: health },
        }) as ReturnType<typeof inbox>;

    class Batches {
      @OnGeminiEvent('batch.succeeded')
      take() {}
    }

    it.each([
      ['of which nothing is known', undefined, 'log'],
      ['that cannot tell', () => Promise.reject(new Error('no store')), 'log'],
      ['beside a worker', async () => ({ worker: 'elsewhere' }), 'Another process'],
    ])('is skipped for one %s, and says which methods do not run', async (_what, health, fact) => {
      const { url, env } = await app([Batches], { inbox: receiving(health) });
      const { code, check } = await doctor(url, [], env);

      expect(code).toBe(0);
      expect(check('handlers')?.state).toBe('skipped');
      for (const one of ['workers: false', 'batch.succeeded', fact]) expect(check('handlers')?.found).toContain(one);
    });

    it('fails if no process runs the handlers', async () => {
      const { url, env } = await app([Batches], { inbox: receiving(async () => ({ worker: 'absent' })) });
      const { code, check } = await doctor(url, [], env);

      expect(code).toBe(1);
      expect(check('handlers')).toMatchObject({ state: 'failed', found: expect.stringContaining('no worker') });
    });
  });

  it('runs no handler and emits no event for its probe', async () => {
    const seen: string[] = [];
    @Injectable()
    class Every {
      @OnGeminiEvent('*')
      take({ type }: { type: string }) {
        seen.push(type);
        throw new Error(`I know no ${type}`);
      }
    }
    const { nest, url, env } = await app([Every]);
    nest.get(GeminiEventBus).events$.subscribe(({ type }) => seen.push(type));
    const { code, check } = await doctor(url, [], env);

    expect(code).toBe(0);
    expect(check('handlers')).toMatchObject({ state: 'passed', found: expect.stringContaining('*') });
    expect(seen).toEqual([]);
  });
});

describe.each(ADAPTERS)('an app on $adapter', (adapter) => {
  const PROBE = bodyOf('doctor.check');

  it('lists its handlers only to the holder of a secret, and only for a probe', async () => {
    const { secret, metadata } = receiver();
    const { origin } = await startApp(metadata, { adapter });
    const answersTo = async (delivery: { headers: Record<string, string>; body: string }) => {
      const { status, headers } = await fetch(origin + PATH, { method: 'POST', ...delivery });
      return [status, headers.get(HEADER)];
    };

    expect(await answersTo(withHmac(secret, PROBE))).toEqual([200, expect.stringContaining('"handles":["*"]')]);
    expect(await answersTo(withHmac(newSecret(), PROBE))).toEqual([401, null]);
    expect(await answersTo({ headers: { 'content-type': 'application/json' }, body: PROBE })).toEqual([400, null]);
    expect(await answersTo(withHmac(secret, PROBE, { date: new Date(0) }))).toEqual([400, null]);
    expect(await answersTo(withHmac(secret, bodyOf('batch.succeeded')))).toEqual([200, null]);
  });
});

describe('doctor --webhook', () => {
  it('ends each sentence with one full stop if there is no webhook', async () => {
    const own = await app([]);
    const env = { ...own.env, GEMINI_API_KEY: gemini.apiKey, GOOGLE_GEMINI_BASE_URL: gemini.baseUrl };
    const { out, code } = await cli(['doctor', own.url, '--local', '--webhook', 'mine'], { env });

    expect(code).toBe(1);
    expect(out).toContain('GEMINI_API_KEY');
    expect(out).not.toContain('..');
  });
});

describe('trigger', () => {
  it('warns if something else returns 200', async () => {
    const url = await standIn((response) => void response.end('ok'));
    const { err } = await cli(['trigger', 'batch.failed', '--to', url], {
      env: { GEMINI_WEBHOOK_SECRET: newSecret() },
    });

    expect(err).toContain('GeminiSignatureGuard');
  });
});
