import { describe, expect, it } from '@jest/globals';
import { geminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { unservedUrlWarnings } from '../../../lib/config/unserved-urls.js';

const ORIGIN = 'https://app.example.com';
const ROUTE = '/api/gemini/webhooks';
const secretStore = { load: async () => [], save: async () => {} };
const warningsOf = (
  settings: GeminiWebhooksSettings,
  { all = [ROUTE], mounted = all[0] }: { all?: string[]; mounted?: string | undefined } = {},
  name = 'default',
) => unservedUrlWarnings(geminiWebhooksConfig(name, settings, {}), { all, mounted });

describe('a URL whose path no route has', () => {
  it.each<[string, GeminiWebhooksSettings, string]>([
    ['publicUrl', { publicUrl: `${ORIGIN}/gemini/webhooks` }, '/gemini/webhooks'],
    [
      'endpoint.uri',
      { endpoint: { name: 'app', events: ['batch.succeeded'], secretStore, uri: `${ORIGIN}/hooks?a=b` } },
      '/hooks',
    ],
  ])('causes a warning with both paths if it is %s', (option, settings, path) => {
    const [warning, ...others] = warningsOf(settings, undefined, 'tenant-b');

    expect(others).toEqual([]);
    expect(warning).toContain(option);
    expect(warning).toContain(`the path ${path}, and the route is ${ROUTE} (module instance "tenant-b")`);
    expect(warning).toMatch(/unless a proxy.*404/);
    expect(warning).not.toContain('a=b');
  });

  it.each<[string, string, string[]]>([
    ['an origin', ORIGIN, [ROUTE]],
    ['the path of the route', ORIGIN + ROUTE, [ROUTE]],
    ['the path of one of several routes', `${ORIGIN}/own`, [ROUTE, '/own']],
    ['the path with another case and a slash at the end', `${ORIGIN}/API/gemini/webhooks/`, [ROUTE]],
    ['a path with a value for a parameter', `${ORIGIN}/gemini/acme`, ['/gemini/:project']],
    ['a path with the same parameter', `${ORIGIN}/gemini/:project`, ['/gemini/:project']],
    ['the path of the route below one that a proxy strips', `${ORIGIN}/orders/v2${ROUTE}`, [ROUTE]],
    ['a path with a parameter below one that a proxy strips', `${ORIGIN}/orders/gemini/acme`, ['/gemini/:project']],
    ['the encoded path of a route with spaces and umlauts', `${ORIGIN}/gemini%20hooks/f%C3%BCr`, ['/gemini hooks/für']],
    ['an encoded path that the route has encoded, too', `${ORIGIN}/f%C3%BCr`, ['/f%C3%BCr']],
    ['any path in a process without routes', `${ORIGIN}/hooks`, []],
    ['any path beside a route in a syntax of its own', `${ORIGIN}/hooks`, ['/own/(.*)']],
  ])('causes no warning if publicUrl is %s', (_what, publicUrl, all) => {
    expect(warningsOf({ publicUrl }, { all })).toEqual([]);
  });
});

describe('a path that resembles that of the route', () => {
  it.each([
    ['lacks the prefix', '/gemini/webhooks'],
    ['ends with a longer segment', '/my-api/gemini/webhooks'],
    ['goes on behind the route', `${ROUTE}/more`],
    ['is a parameter that is not encoded correctly', '/%E0%A4%A'],
  ])('causes a warning if it %s', (_what, path) => {
    expect(warningsOf({ publicUrl: ORIGIN + path })).toEqual([expect.stringContaining(`the path ${path},`)]);
  });
});

describe('an origin as publicUrl without the built-in route', () => {
  const settings = { publicUrl: ORIGIN, gemini: { apiKey: 'a key' } };
  const own = { all: ['/own'], mounted: undefined };
  const warnings = (more: GeminiWebhooksSettings = {}) =>
    unservedUrlWarnings(geminiWebhooksConfig('default', { ...settings, ...more }, {}), own);

  it('causes a warning that starts of jobs are refused', () => {
    expect(warnings()).toEqual([expect.stringMatching(/^Each start of a job.*full URL.*\/own/)]);
  });

  it('causes none if no job gets a webhook', () => {
    expect(warnings({ jobs: { webhooks: 'never' } })).toEqual([]);
    expect(warnings({ gemini: false })).toEqual([]);
  });
});
