import { describe, expect, it } from '@jest/globals';
import { bullmqInbox, bullmqSecretStore } from '../../../lib/bullmq/index.js';
import { geminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import { GeminiWebhooksModule } from '../../../lib/index.js';
import { refusalOf } from '../../support/verifying.js';

type Give = (flag: unknown) => unknown;
const URL = 'redis://localhost';
const host = { registration: 'default', toleranceSeconds: 300 };
const endpoint = { name: 'orders', events: ['batch.failed'], secretStore: () => ({}) };
const settings = (given: object) => geminiWebhooksConfig('default', given as never, {});
const useFactory = () => ({});

const FLAGS: [string, Give][] = [
  ['global', (flag) => GeminiWebhooksModule.forRoot({ global: flag as never })],
  ['global', (flag) => GeminiWebhooksModule.forRootAsync({ useFactory, global: flag as never })],
  ['controller', (flag) => GeminiWebhooksModule.forRoot({ controller: flag as never })],
  ['controller', (flag) => GeminiWebhooksModule.forRootAsync({ useFactory, controller: flag as never })],
  ['endpoint.required', (flag) => settings({ endpoint: { ...endpoint, required: flag } })],
  ['workers', (flag) => bullmqInbox({ url: URL, workers: flag as never })(host as never)],
  ['migrate', (flag) => bullmqInbox({ url: URL, migrate: flag as never })(host as never)],
  ['migrate', (flag) => bullmqSecretStore({ url: URL, migrate: flag as never })({ ...host, keys: ['k'] } as never)],
];
/** What text of the environment, or plain JavaScript, may give. */
const WRONG = ['no', 'false', 'true', '', 0, 1, null, {}, []];

describe.each(FLAGS)('the boolean option %s', (option, give) => {
  it.each(WRONG)('rejects %j, with what to give', async (flag) => {
    const error = await refusalOf(() => give(flag));
    expect(error.code).toBe('invalid_option');
    expect(error.message).toContain(`${option}: got`);
    expect(error.message).toContain('Give true or false.');
  });
});

describe('options that are an object or false', () => {
  it.each(['hmac', 'jwks', 'binding', 'endpoint', 'gemini', 'jobs'])(
    '%s rejects text instead of false',
    async (option) => {
      expect((await refusalOf(() => settings({ [option]: 'false' }))).message).toContain(`${option}: got a string`);
    },
  );

  it('jobs.reconcile rejects text instead of false', async () => {
    expect((await refusalOf(() => settings({ jobs: { reconcile: 'false' } }))).message).toContain('or false');
  });
});
