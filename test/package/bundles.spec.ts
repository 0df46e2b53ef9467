import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from './host.js';

const QUEUE = `bundle-${randomUUID()}`;
const REDIS_URL = process.env['REDIS_URL'] || 'redis://127.0.0.1:6379';
const POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? '';
const OF_THE_SOURCE = 'PaidOrders.publish batch.succeeded hmac';
const MINIFIED = expect.stringMatching(/^[\w$]{1,4}\.publish batch\.succeeded hmac$/) as unknown as string;
const NUMBERED = expect.stringMatching(/^PaidOrders\d+\.publish batch\.succeeded hmac$/) as unknown as string;

let host: Host;

beforeAll(async () => {
  host = await Host.install('bundled');
});

describe.each([
  {
    driver: 'ioredis',
    absent: 'pg',
    url: REDIS_URL,
    bundles: [
      { tool: 'esbuild', told: 'minify', heard: MINIFIED, warned: 'minified' },
      { tool: 'esbuild', told: 'minify keep-names', heard: OF_THE_SOURCE, warned: undefined },
      { tool: 'esbuild', told: 'esm', heard: NUMBERED, warned: 'numbered by a bundler' },
      { tool: 'rspack', told: 'minify', heard: MINIFIED, warned: 'minified' },
      { tool: 'rspack', told: 'minify keep-names', heard: OF_THE_SOURCE, warned: undefined },
      { tool: 'webpack', told: 'minify keep-names', heard: OF_THE_SOURCE, warned: undefined },
    ],
  },
  {
    driver: 'pg',
    absent: 'ioredis',
    url: POSTGRES_URL,
    bundles: [
      { tool: 'esbuild', told: 'esm minify', heard: MINIFIED, warned: 'minified' },
      { tool: 'rspack', told: 'minify', heard: MINIFIED, warned: 'minified' },
      { tool: 'webpack', told: 'minify', heard: MINIFIED, warned: 'minified' },
      // Like `nest build --webpack`, without minification.
      { tool: 'webpack', told: 'nothing', heard: OF_THE_SOURCE, warned: undefined },
    ],
  },
])('an app that has only $driver', ({ absent, url, bundles }) => {
  beforeAll(() => {
    host.takeAway(absent);
  });

  afterAll(() => {
    host.putBack(absent);
  });

  it.each(bundles)('receives when bundled by $tool with "$told", including the command line', async (bundle) => {
    const { app, cli } = await host.bundle(bundle);

    const { status, heard, warnings } = JSON.parse(await host.node(app, url, QUEUE)) as Report;
    const said = warnings.find((warning) => warning.startsWith('Handler names look'));

    expect({ status, heard }).toEqual({ status: 202, heard: bundle.heard });
    expect(said?.slice(0, said.indexOf(':'))).toBe(bundle.warned && `Handler names look ${bundle.warned}`);
    expect((await host.node(cli, '--version')).trim()).toBe(versionOf(host));
  });
});

interface Report {
  readonly status: number;
  readonly heard: string;
  readonly warnings: readonly string[];
}

function versionOf({ installed }: Host): string {
  return (JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string }).version;
}

afterAll(async () => {
  const redis = new Redis(REDIS_URL);
  const keys = await redis.keys(`bull:${QUEUE}*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
});
