import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../../sample/settings.js';

const DATABASE_URL = 'postgres://app@db.internal/app';
const GIVEN = { DATABASE_URL, GEMINI_API_KEY: 'key' };

describe("the sample's settings", () => {
  it('are few that must be given', () => {
    expect(readSettings(GIVEN)).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: DATABASE_URL,
      inboxUrl: DATABASE_URL,
      inboxQueue: 'gemini-webhooks',
      apiKey: 'key',
      webhookUrl: undefined,
      reconcileAfterMs: 600_000,
      adminPassword: undefined,
      isPageBehindLogin: false,
      control: undefined,
    });
  });

  it.each([
    ['DATABASE_URL', { GEMINI_API_KEY: 'key' }],
    ['GEMINI_API_KEY', { DATABASE_URL }],
    ['GEMINI_API_KEY', { DATABASE_URL, GEMINI_API_KEY: ' ' }],
    ['PORT', { ...GIVEN, PORT: '80a' }],
    ['JOBS_RECONCILE_AFTER_MS', { ...GIVEN, JOBS_RECONCILE_AFTER_MS: '-1' }],
    ['GEMINI_WEBHOOK_PUBLIC_URL', { ...GIVEN, GEMINI_WEBHOOK_PUBLIC_URL: 'example.com' }],
  ])('name %s when it is missing or wrong', (name, env) => {
    expect(() => readSettings(env)).toThrow(name);
  });

  it.each([
    [DATABASE_URL, {}],
    ['redis://cache', { REDIS_URL: 'redis://cache' }],
    ['redis://inbox', { REDIS_URL: 'redis://cache', GEMINI_WEBHOOK_INBOX_URL: 'redis://inbox' }],
  ])('put the inbox at %s for %j', (inboxUrl, env) => {
    expect(readSettings({ ...GIVEN, ...env }).inboxUrl).toBe(inboxUrl);
  });

  it.each([
    ['https://app.example.com', 'https://app.example.com/gemini/webhooks'],
    ['https://app.example.com/', 'https://app.example.com/gemini/webhooks'],
    ['https://example.com/app/hooks', 'https://example.com/app/hooks'],
  ])('make of %s the webhook %s', (given, webhookUrl) => {
    expect(readSettings({ ...GIVEN, GEMINI_WEBHOOK_PUBLIC_URL: given }).webhookUrl).toBe(webhookUrl);
  });

  it('know who controls the simulator', () => {
    const env = { ...GIVEN, SAMPLE_CONTROL_URL: 'http://127.0.0.1:1', SAMPLE_CONTROL_TOKEN: 'token' };
    expect(readSettings(env).control).toEqual({ url: 'http://127.0.0.1:1', token: 'token' });
  });
});
