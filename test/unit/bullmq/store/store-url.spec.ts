import { describe, expect, it } from '@jest/globals';
import { storeTarget } from '../../../../lib/bullmq/store/store-target.js';

const target = (url: string) => storeTarget('bullmqInbox', { url }, undefined);
const fault = (url: string) => {
  try {
    target(url);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe("a store's URL", () => {
  it.each([
    ['postgres://app@db.internal/app', 'postgres'],
    ['POSTGRES://app@db.internal/app', 'postgres'],
    ['postgresql://app@db.internal:5433/app', 'postgres'],
    ['postgres://app@[::1]:5433/app', 'postgres'],
    ['postgres://app:pa%2C%40ss@db.internal/app', 'postgres'],
    ['postgres://app@/app?host=/var/run/postgresql', 'postgres'],
    ['postgres://app:pa55@/app?host=/cloudsql/project:region:instance', 'postgres'],
    ['postgresql:///app?host=/tmp&user=app', 'postgres'],
    ['postgres://app@%2Fvar%2Frun%2Fpostgresql/app', 'postgres'],
    ['postgres://app@db.internal/app?options=-c%20search_path%3Dapp&query_timeout=500', 'postgres'],
    ['postgres://app:pa,ss@db.internal/app', 'postgres'],
    ['socket://app:pa55@/tmp?db=app', 'postgres'],
    ['socket:/tmp?db=app&user=app', 'postgres'],
    ['socket:///tmp?db=app&user=app', 'postgres'],
    ['redis://cache', 'redis'],
    ['redis://:pa55@cache:6380/15', 'redis'],
    ['rediss://app:pa55@cache/', 'redis'],
    ['redis://cache:6379/0?family=6', 'redis'],
    ['redis://[::1]:6379', 'redis'],
  ])('is accepted: %s', (url, kind) => {
    expect(target(url)).toEqual({ kind, url });
  });

  it.each([
    ['', /url: got none\. Set GEMINI_WEBHOOK_INBOX_URL/],
    ['  \n', /url: got none/],
    ['"postgres://app:pa55@db/app"', /url: is in quotes\. Remove them/],
    ["'redis://:pa55@cache'", /url: is in quotes/],
    ['`redis://:pa55@cache`', /url: is in quotes/],
    ['"redis://:pa55@cache', /url: is in quotes/],
    ["redis://:pa55@cache'\n", /url: is in quotes/],
    [' redis://:pa55@cache', /url: begins with white space/],
    ['redis://:pa55@cache\n', /url: ends with white space, such as a line break/],
    ['redis://:pa55@cac\nhe', /url: contains a line break or a tab/],
    ['localhost:6379', /url: has no scheme, only a host and a port\. Give redis:\/\//],
    ['127.0.0.1:5432/app', /url: has no scheme, only a host and a port/],
    ['cache', /url: has no scheme\. Give redis:\/\//],
    ['root:pa55@db/app', /url: has no scheme\./],
    ['//root:pa55@db/app', /url: has no scheme\./],
    ['/run/redis.sock', /url: is a path\. .*new Redis\(\{ path \}\).*\?host=\/directory/],
    ['redis+unix:///run/redis.sock', /url: got one that begins with "redis\+unix:".*new Redis\(\{ path \}\)/],
    ['unix:///run/redis.sock', /url: got one that begins with "unix:".*new Redis\(\{ path \}\)/],
    ['redis:/cache', /url: lacks a slash after "redis:\/"\. Give redis:\/\//],
    ['mysql://root:pa55@db', /url: got one that begins with "mysql:"\. Give redis:\/\//],
    ['http://cache:6379', /url: got one that begins with "http:"/],
    ['redis://:pa55@cache/orders', /url: has a path that is not a database number.*6379\/15/],
    ['redis://one:6379,two:6379', /url: names several hosts\. .*new Cluster/],
    ['postgres://app:pa55@one,two/app', /url: names several hosts\. pg connects to one/],
    ['postgres://app:pa55@one:5432,two:5433/app', /url: names several hosts/],
    ['postgres://app:pa55@/app?host=one,two', /url: names several hosts/],
    ['postgres://app:pa55@db/app?query_timeout=5s', /url: has a query_timeout that is not a number/],
    ['postgres://app:pa55@db:port/app', /url: cannot be read as a URL/],
    ['redis://:pa55@cache:port', /url: cannot be read as a URL/],
  ])('is rejected with the actual reason and without its password: %j', (url, reason) => {
    expect(fault(url)).toMatch(reason);
    expect(fault(url)).toMatch(/^bullmqInbox: /);
    expect(fault(url)).not.toMatch(/pa55|root/);
  });

  it('is rejected by the secret store with the same message', () => {
    expect(() => storeTarget('bullmqSecretStore', {}, '"redis://cache"')).toThrow(
      /^bullmqSecretStore: url: is in quotes/,
    );
  });
});
