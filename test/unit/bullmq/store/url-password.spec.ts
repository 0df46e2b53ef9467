import { describe, expect, it } from '@jest/globals';
import { bullmqInboxConfig } from '../../../../lib/bullmq/bullmq-inbox.options.js';
import { bullmqSecretStore } from '../../../../lib/bullmq/index.js';
import { hasUnencodedCredentials } from '../../../../lib/bullmq/store/url-password.js';

const SCHEMES = ['redis', 'rediss', 'postgres', 'postgresql'];

/** Characters that no driver can distinguish from the end of the password. */
const CUT = [
  'hun#ter2',
  'hun/ter2',
  'hun?ter2',
  '12#34',
  '12?34',
  'hu@n#ter2',
  'hu@n?ter2',
  'hu#n@ter2',
  '#',
  'a/b?c#d@e',
];

describe.each(SCHEMES)('credentials in a %s URL', (scheme) => {
  it.each(CUT)('with a password of %s are not encoded', (password) => {
    expect(hasUnencodedCredentials(`${scheme}://user:${password}@db.example:6543/1`)).toBe(true);
    expect(hasUnencodedCredentials(`${scheme}://:${password}@db.example/1?family=6`)).toBe(true);
    expect(hasUnencodedCredentials(`${scheme}://us/er:${password}@db.example:6543/1`)).toBe(true);
  });

  it.each(['12/34', 'hu@n/ter2'])(
    'with a password of %s are not encoded where a port or a path follows',
    (password) => {
      expect(hasUnencodedCredentials(`${scheme}://user:${password}@db.example/1`)).toBe(true);
      expect(hasUnencodedCredentials(`${scheme}://user:${password}@db.example:6543`)).toBe(true);
    },
  );

  it.each([...CUT, '12/34', '100%', 'a b', 'ü', '%zz'])('with an encoded password of %s are encoded', (password) => {
    expect(hasUnencodedCredentials(`${scheme}://user:${encodeURIComponent(password)}@db.example:6543/1`)).toBe(false);
  });

  it.each(['p@ss', 'p:ss', 'p ss', 'p[ss', 'p=ss&', ''])(
    'with a password of %j are accepted by drivers',
    (password) => {
      expect(hasUnencodedCredentials(`${scheme}://user:${password}@db.example:6543/1`)).toBe(false);
    },
  );

  it('may be missing', () => {
    expect(hasUnencodedCredentials(`${scheme}://db.example:6543/1`)).toBe(false);
    expect(hasUnencodedCredentials(`${scheme}://db.example`)).toBe(false);
  });

  it('in the query are cut by a #', () => {
    expect(hasUnencodedCredentials(`${scheme}://db.example/1?user=u&password=hun#ter2`)).toBe(true);
    expect(hasUnencodedCredentials(`${scheme}://db.example/1?user=u&password=hun%23ter2`)).toBe(false);
  });
});

it('a % is decoded by the Redis driver and used unchanged by the PostgreSQL driver', () => {
  expect(hasUnencodedCredentials('redis://user:100%@db.example')).toBe(true);
  expect(hasUnencodedCredentials('rediss://:%zz@db.example')).toBe(true);
  expect(hasUnencodedCredentials('postgres://user:100%@db.example/app')).toBe(false);
});

it.each([
  'postgres://user@server:pw@server.postgres.database.azure.com/db',
  'postgres://user:pw@host/db?application_name=me@home',
  'postgres://user:pw@host/team@db',
  'postgres://host/team@db',
  'postgres://user@/db?host=/var/run/postgresql',
  'postgresql:///db?host=/dir&user=me@home',
  'postgres://user@%2Fdir/db',
  'socket://user:x@/dir?db=name',
  'redis://host/0#cache',
  'not a URL @ all',
  '',
])('%s is left to the driver', (url) => {
  expect(hasUnencodedCredentials(url)).toBe(false);
});

const host = { registration: 'default', toleranceSeconds: 300, keys: ['the key of this deployment'] };

describe.each([
  ['bullmqInbox', 'url', (url: string) => bullmqInboxConfig({ url }, { ...host, inboxUrl: undefined })],
  ['bullmqInbox', 'the environment', (url: string) => bullmqInboxConfig({}, { ...host, inboxUrl: url })],
  ['bullmqSecretStore', 'url', (url: string) => bullmqSecretStore({ url })({ ...host, inboxUrl: undefined })],
  ['bullmqSecretStore', 'the environment', (url: string) => bullmqSecretStore()({ ...host, inboxUrl: url })],
])('%s with the URL of %s', (owner, _source, create) => {
  it.each(SCHEMES)('rejects unencoded credentials in a %s URL without quoting them', (scheme) => {
    for (const password of ['hun#ter2', 'hun/ter2', 'hun?ter2', '12#ter2']) {
      const { message } = errorOf(() => create(`${scheme}://someone:${password}@db.example:6543/1`));

      expect(message).toMatch(
        `${owner}: url: the user name or password contains a character that is not percent-encoded.`,
      );
      expect(message).toMatch(/Percent-encode.*%23.*%2F.*%3F/);
      expect(message).not.toMatch(/hun|ter2|12#|someone|db\.example/);
    }
  });
});

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('there was none');
}
