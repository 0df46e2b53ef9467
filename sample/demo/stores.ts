import { Redis } from 'ioredis';
import { Client } from 'pg';

const TIMEOUT_MS = 5_000;

/** @throws Error that says which of the servers named by the environment does not answer, without its password */
export async function checkStores(urls: {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
}): Promise<void> {
  if (urls.databaseUrl) await check('DATABASE_URL', urls.databaseUrl, /^postgres(ql)?:$/, askPostgres);
  if (urls.redisUrl) await check('REDIS_URL', urls.redisUrl, /^rediss?:$/, askRedis);
}

async function check(variable: string, url: string, protocol: RegExp, ask: (url: string) => Promise<void>) {
  if (!URL.canParse(url) || !protocol.test(new URL(url).protocol)) {
    throw new Error(`${variable} is no URL of such a server. Correct it, or unset it: the demo brings what it needs.`);
  }
  try {
    await ask(url);
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    const server = `${variable}: the server at ${new URL(url).host} cannot be used (${message || code})`;
    throw new Error(`${server}. Start it, or unset ${variable}: the demo brings what it needs.`, { cause });
  }
}

async function askPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function askRedis(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: TIMEOUT_MS, retryStrategy: () => null });
  let problem: Error | undefined;
  client.on('error', (error: Error) => (problem = error));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw problem ?? error;
  } finally {
    client.disconnect();
  }
}
