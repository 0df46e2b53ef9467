import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as tick } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { freePort } from '../../support/free-port.js';

/** A Redis that nothing else uses, because it counts the commands of all clients; `undefined` if it is not installed. */
export async function ownRedis() {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'gemini-webhooks-bench-'));
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', ''], {
    stdio: 'ignore',
  });
  const isInstalled = await Promise.race([
    once(server, 'spawn').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  if (!isInstalled) return undefined;
  const url = `redis://127.0.0.1:${port}`;
  const redis = new Redis(url).on('error', () => undefined);
  return {
    url,
    async close() {
      redis.disconnect();
      server.kill();
      await once(server, 'exit');
      await rm(dir, { recursive: true });
    },
    /** Counts commands for so long: those that clients sent, and all that the server ran, also within scripts. */
    async count(ms) {
      const monitor = await redis.monitor();
      const sent = {};
      const run = {};
      let own = 0;
      monitor.on('monitor', (_time, [command], source) => {
        const name = command.toLowerCase();
        if (name === 'info') own += 1;
        else run[name] = (run[name] ?? 0) + 1;
        if (source !== 'lua' && name !== 'info') sent[name] = (sent[name] ?? 0) + 1;
      });
      const before = await processed(redis);
      await tick(ms);
      const counted = (await processed(redis)) - before - 1;
      monitor.disconnect();
      return { counted, sent, run };
    },
  };
}

async function processed(redis) {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))[1]);
}

/** A database that nothing else uses, because the server counts the transactions of each database. */
export async function ownDatabase(server, name) {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const number = async (text) => Number((await client.query(text, [name])).rows[0].n);
  const transactions = () => number('SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = $1');
  return {
    url: url.href,
    // Autovacuum's workers are listed beside the clients.
    connections: () =>
      number("SELECT count(*) AS n FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'"),
    /** Counts transactions for so long. */
    async count(ms) {
      const before = await transactions();
      await tick(ms);
      return (await transactions()) - before;
    },
    async close() {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await client.end();
    },
  };
}
