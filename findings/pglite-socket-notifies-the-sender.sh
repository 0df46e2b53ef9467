#!/usr/bin/env bash
# @electric-sql/pglite-socket 0.2.17: a notification goes to the client that sent it, not to the client that listens.
#
# Valid input: two clients of pg 8.23.1 on one PGLiteSocketServer with maxConnections. The first runs LISTEN, the second NOTIFY. Seen: the
# second client, which never listened, receives the notification. The first receives nothing, even after more queries of its own. It does
# receive a notification that it sends itself, so a test with a single client passes.
# The README says that connections share one session through a multiplexer and that "not all use cases are guaranteed to work". It does not
# say that messages reach other clients. Consumers that wait by LISTEN, such as BullMQ on PostgreSQL or a cache's invalidation, are
# not woken, and no error is reported.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 \
  pg@8.23.1 > /dev/null 2>&1
cat > run.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import pg from 'pg';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));
const server = new PGLiteSocketServer({ db: await PGlite.create(), host: '127.0.0.1', port, maxConnections: 5 });
await server.start();

async function client(heard) {
  const one = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password: 'none' });
  one.on('error', () => {});
  one.on('notification', ({ payload }) => heard.push(payload));
  await one.connect();
  return one;
}
const heard = { listener: [], sender: [] };
const listener = await client(heard.listener);
const sender = await client(heard.sender);
await listener.query('LISTEN news');
await sender.query("NOTIFY news, 'from the sender'");
// The listener has every occasion to read what is for it.
for (let n = 0; n < 10; n++) {
  await listener.query('SELECT 1');
  await new Promise((passed) => setTimeout(passed, 100));
}
await listener.query("NOTIFY news, 'from the listener'");
await new Promise((passed) => setTimeout(passed, 500));
console.log(heard);
const isAsSeen = String(heard.listener) === 'from the listener' && String(heard.sender) === 'from the sender';
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
