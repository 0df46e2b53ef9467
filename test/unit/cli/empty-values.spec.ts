import { describe, expect, it } from '@jest/globals';
import { cli } from '../../support/cli.js';

const TO = ['--to', 'http://127.0.0.1:9/'];
const REGISTER = ['register', 'orders', '--uri', 'http://127.0.0.1:9/'];

describe('an empty value, such as that of a shell variable that is not set,', () => {
  it.each([
    [['failed', 'list', '--instance', ''], '--instance'],
    [['failed', 'list', '--queue', ' '], '--queue'],
    [['failed', 'list', '--prefix', ''], '--prefix'],
    [['failed', 'list', '--url', ''], '--url'],
    [['failed', 'replay', '--all', '--type', ''], '--type'],
    [['failed', 'show', ''], 'id'],
    [['failed', 'discard', 'one', ''], 'id'],
    [['trigger', '', ...TO], 'type'],
    [['trigger', 'batch.failed', ...TO, '--private-key', ''], '--private-key'],
    [['doctor', 'http://127.0.0.1:9/', '--webhook', ''], '--webhook'],
    [[...REGISTER, '--event', '', '--print-secret'], '--event'],
    [['rotate', '', '--print-secret'], 'webhook'],
    [['rotate', 'orders', '--print-secret', '--instance', ''], '--instance'],
    [['rotate', 'orders', '--print-secret', '--registration', ''], '--instance'],
    [['remove', ''], 'webhook'],
    [['simulate', '--api-key', ''], '--api-key'],
    [['simulate', '--model', ''], '--model'],
  ])('is a usage error that names the option or argument: %j', async (args, name) => {
    const env = { GEMINI_API_KEY: 'key', GEMINI_WEBHOOK_INBOX_URL: 'redis://127.0.0.1:9' };
    const { code, out, err } = await cli(args, { env, stopped: async () => undefined });

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(name);
    expect(err).toContain('is empty');
  });

  it('is allowed as a field of the data', async () => {
    const env = { GEMINI_WEBHOOK_SECRET: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0' };
    const { code } = await cli(['trigger', 'batch.failed', ...TO, '--data', 'note='], { env });

    // Nothing listens there.
    expect(code).toBe(1);
  });
});
