import { describe, expect, it } from '@jest/globals';
import { cli } from '../../../support/cli.js';

const URL = 'redis://app:s3cret-word@127.0.0.1:1';

describe('failed', () => {
  it.each(['list', 'show', 'replay', 'discard'])('has %s, with an example in its help', async (name) => {
    const all = await cli(['failed', '--help']);
    const one = await cli(['failed', name, '--help']);

    expect(all.out).toMatch(new RegExp(`^ +${name} `, 'm'));
    expect(one).toMatchObject({ code: 0, out: expect.stringContaining(`npx nestjs-gemini-webhooks failed ${name}`) });
  });

  it.each([
    [
      ['list', '--url', 'redis://u:s3cret-word@one,two'],
      ['one server', 'redis://host:6379'],
    ],
    [['list', '--url', '/run/redis.sock'], ['redis://host:6379']],
    [['list'], ['GEMINI_WEBHOOK_INBOX_URL', '--url']],
    [
      ['list', '--url', ''],
      ['--url', 'is empty'],
    ],
    [
      ['list', '--url', 's3cret-word'],
      ['redis://', 'postgres://'],
    ],
    [
      ['list', '--url', 'mysql://u:s3cret-word@h'],
      ['mysql', 'redis://', 'postgres://'],
    ],
    [['list', '--url', 'redis://u:s3cret-word/x@h'], ['%2F']],
    [
      ['list', '--url', URL, '--queue', 'a:b'],
      ['queue', 'a:b'],
    ],
    [
      ['list', '--url', URL, '--prefix', 'a:b'],
      ['prefix', 'a:b'],
    ],
    [
      ['list', '--url', URL, '--queue', 'a', '--instance', 'b'],
      ['--queue', '--instance'],
    ],
    [['list', '--url', URL, '--limit', '0'], ['--limit']],
    [['list', '--url', URL, '--offset', '-1'], ['--offset']],
    [
      ['list', '--url', URL, '--before', 'soon'],
      ['--before', 'ISO 8601', '3d'],
    ],
    [
      ['list', '--url', URL, '--after', '1h', '--before', '2h'],
      ['--after', '--before'],
    ],
    [['list', URL], []],
    [[URL, 'list'], []],
    [['show'], ['id']],
    [['replay', '--url', URL], ['--all']],
    [['replay', '--url', URL, '--all'], ['--yes']],
    [['replay', '--url', URL, '--all', 'e1'], ['--all']],
    [
      ['replay', '--url', URL, 'e1', '--type', 'batch.failed'],
      ['--type', '--all'],
    ],
    [
      ['replay', '--url', URL, 'e1', '--from', 'middle'],
      ['--from', 'failed', 'start'],
    ],
    [['discard', '--url', URL, '--all', '--type', 'batch.failed'], ['--yes']],
    [['discard', '--url', URL, '--all'], ['--yes']],
  ])('exits with 2 for %j and names what to give, without a password', async (args, names) => {
    const { code, out, err } = await cli(['failed', ...args]);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
    for (const name of names) expect(err).toContain(name);
    expect(err).not.toContain('s3cret');
  });
});
