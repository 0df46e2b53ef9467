import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { geminiWebhooksRoute } from '../../../lib/config/gemini-webhooks.route.js';
import { GeminiJobs } from '../../../lib/jobs/gemini-jobs.js';
import { JobWebhooks, type WebhookConfigOptions } from '../../../lib/jobs/job-webhooks.js';
import { BindingTokens } from '../../../lib/signature/binding.js';
import { codeOf, configOf, refusalOf } from '../../support/verifying.js';

const ORIGIN = 'https://app.example.com';

/** Creates the jobs of a module instance whose route is mounted at `mounted`. */
function jobsOf(
  settings: GeminiWebhooksSettings,
  { path = 'hook', mounted = `/${path}` as string | null } = {},
): GeminiJobs {
  const config = configOf({ binding: { secret: 'a binding secret of the tests' }, ...settings });
  const { secrets, ttlSeconds } = config.binding || { secrets: [], ttlSeconds: 0 };
  const tokens = new BindingTokens(secrets, ttlSeconds);
  const webhooks = new JobWebhooks(config, geminiWebhooksRoute({ path }), () => mounted ?? undefined, tokens);
  return new GeminiJobs(undefined, undefined, webhooks);
}

/** Returns the webhook's URI with and without its token, and the token. */
async function webhookOf(jobs: GeminiJobs, options?: WebhookConfigOptions) {
  const { uris, userMetadata } = await jobs.webhookConfig(options);
  const uri = uris[0]!;
  const [target, token] = uri.split(/[?&]gemini_binding=/) as [string, string | undefined];
  return { uris, target, token, userMetadata };
}

describe('GeminiJobs.webhookConfig', () => {
  it.each<[string, GeminiWebhooksSettings, Parameters<typeof jobsOf>[1], WebhookConfigOptions, string]>([
    [
      "publicUrl's origin and the mounted route",
      { publicUrl: ORIGIN },
      { mounted: '/api/v1/hook' },
      {},
      `${ORIGIN}/api/v1/hook`,
    ],
    ['the same for an origin with a slash', { publicUrl: `${ORIGIN}/` }, {}, {}, `${ORIGIN}/hook`],
    ['the same with the query of the origin', { publicUrl: `${ORIGIN}?tenant=a` }, {}, {}, `${ORIGIN}/hook?tenant=a`],
    ['publicUrl, if it is a full URL', { publicUrl: `${ORIGIN}/proxied` }, {}, {}, `${ORIGIN}/proxied`],
    ['a full publicUrl with its query', { publicUrl: `${ORIGIN}/p?a=1` }, {}, {}, `${ORIGIN}/p?a=1`],
    ['a full publicUrl without a mounted route', { publicUrl: `${ORIGIN}/p` }, { mounted: null }, {}, `${ORIGIN}/p`],
    ['the given uri', { publicUrl: ORIGIN }, {}, { uri: 'https://b.example.com/x' }, 'https://b.example.com/x'],
    [
      'the given uri, without publicUrl',
      {},
      {},
      { uri: 'https://b.example.com/x?a=1&b' },
      'https://b.example.com/x?a=1&b',
    ],
    [
      'the route with its parameters, encoded',
      { publicUrl: ORIGIN },
      { path: 'g/:project/:region' },
      { params: { project: 'a/b ü', region: 'eu' } },
      `${ORIGIN}/g/a%2Fb%20%C3%BC/eu`,
    ],
    [
      'a full publicUrl with parameters',
      { publicUrl: `${ORIGIN}/p/:project` },
      {},
      { params: { project: 'acme' } },
      `${ORIGIN}/p/acme`,
    ],
  ])('leads to %s', async (_, settings, route, options, target) => {
    expect((await webhookOf(jobsOf(settings, route), options)).target).toBe(target);
  });

  it.each<[WebhookConfigOptions]>([
    [{}],
    [{ uri: 'https://b.example.com/x' }],
    [{ uri: 'https://b.example.com/x?a=1' }],
  ])('has the token as the last query parameter of %j, and in the metadata', async (options) => {
    const { uris, token, userMetadata } = await webhookOf(jobsOf({ publicUrl: ORIGIN }), options);

    expect([...new URL(uris[0]!).searchParams].at(-1)).toEqual(['gemini_binding', token]);
    expect(userMetadata).toEqual({ gemini_binding: token });
  });

  it('keeps the given metadata without changing it', async () => {
    const metadata = Object.freeze({ order: 7, gemini_binding: 'mine' });

    const { token, userMetadata } = await webhookOf(jobsOf({ publicUrl: ORIGIN }), { metadata });

    expect(userMetadata).toEqual({ order: 7, gemini_binding: token });
  });

  it.each<[string, GeminiWebhooksSettings, WebhookConfigOptions, object]>([
    ["the registration's route", { publicUrl: ORIGIN }, {}, { reg: 'default', path: 'hook', params: {} }],
    ['any path behind a proxy', { publicUrl: `${ORIGIN}/p` }, {}, { reg: 'default', params: {} }],
    [
      'a custom route of one tenant',
      {},
      { uri: `${ORIGIN}/p`, params: { t: 'a' } },
      { reg: 'default', params: { t: 'a' } },
    ],
  ])('mints the token for %s', async (_, settings, options, claims) => {
    const { token } = await webhookOf(jobsOf(settings), options);
    const { iat, exp, aud, ...rest } = decodeJwt(token!);

    expect(rest).toEqual(claims);
    expect([exp! - iat!, aud]).toEqual([345_600, expect.stringContaining('binding')]);
  });

  it('has no token when binding is off', async () => {
    const { uris, userMetadata } = await webhookOf(jobsOf({ publicUrl: ORIGIN, binding: false }), {
      metadata: { order: 7 },
    });

    expect(uris).toEqual([`${ORIGIN}/hook`]);
    expect(userMetadata).toEqual({ order: 7 });
  });

  it.each<[string, GeminiWebhooksSettings, Parameters<typeof jobsOf>[1], RegExp]>([
    ['publicUrl is not known', {}, {}, /GEMINI_WEBHOOK_PUBLIC_URL/],
    ['publicUrl is an origin and nothing is mounted', { publicUrl: ORIGIN }, { mounted: null }, /full URL/],
    [
      'there is no binding key',
      { publicUrl: ORIGIN, binding: {} },
      {},
      /GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY/,
    ],
  ])('reports what to do if %s', async (_, settings, route, says) => {
    const { code, message } = await refusalOf(() => jobsOf(settings, route).webhookConfig());

    expect(code).toBe('invalid_option');
    expect(message).toMatch(says);
  });

  it.each([
    '',
    'hook',
    '/hook',
    'ftp://b.example.com',
    'https://',
    'https://b.example.com/x#y',
    'https://b.example.com/x#',
  ])('rejects the uri %j, which cannot carry a token to this app', async (uri) => {
    const { code, message } = await refusalOf(() => jobsOf({}).webhookConfig({ uri }));

    expect([code, message]).toEqual(['invalid_argument', expect.stringContaining(JSON.stringify(uri))]);
  });

  it('rejects a missing route parameter', async () => {
    const jobs = jobsOf({ publicUrl: ORIGIN }, { path: 'g/:project' });

    expect(await codeOf(() => jobs.webhookConfig({ params: { other: 'x' } }))).toBe('invalid_argument');
    expect((await refusalOf(() => jobs.webhookConfig())).message).toContain('params.project');
  });
});
