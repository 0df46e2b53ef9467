#!/usr/bin/env bash
# ioredis 6.0.0: with a database in its URL that the server does not have, a client continues in database 0.
#
# Valid input: an app's URL names database 20, and its new Redis server (7.0.15 seen) has 16, the default. Seen: the client emits one
# `error`, "ERR DB index is out of range", and then `ready`. `SET` resolves with OK, and the key is in database 0, beside those of the
# apps that use it. The promise of `connect()` resolves, too. Apps log `error` events and go on, because a client also emits them when
# it reconnects.
# node-redis 6.3.1 rejects `connect()` with the same error and stores nothing.
set -euo pipefail
command -v redis-server > /dev/null || { echo 'redis-server is not installed' >&2; exit 1; }
folder=$(mktemp -d)
server=
end() {
  [ -z "$server" ] || { kill "$server"; wait "$server" || true; }
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ioredis@6.0.0 redis@6.3.1 > /dev/null 2>&1
port=$(node -p "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); }); ''" | tr -d '\n')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" > server.log &
server=$!
cat > run.mjs <<'JS'
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const [port] = process.argv.slice(2);
const of = (database) => `redis://127.0.0.1:${port}/${database}`;

const first = new Redis(of(0));
first.on('error', () => undefined);
await first.ping();

const seen = [];
const client = new Redis(of(20), { lazyConnect: true });
client.on('error', ({ message }) => seen.push(`error: ${message}`));
client.on('ready', () => seen.push('ready'));
await client.connect();
seen.push(`set: ${await client.set('order', '1')}`);
seen.push(`in database 0: ${await first.get('order')}`);
client.disconnect();
await first.del('order');

const other = createClient({ url: of(20), socket: { reconnectStrategy: false } });
other.on('error', () => undefined);
await other.connect().then(
  () => seen.push('node-redis connects'),
  ({ message }) => seen.push(`node-redis: ${message}`),
);
seen.push(`keys in database 0: ${await first.dbsize()}`);
first.disconnect();
console.log(seen.join('\n'));
process.exit();
JS
node run.mjs "$port" | tee seen
diff seen - << 'SEEN'
error: ERR DB index is out of range
ready
set: OK
in database 0: 1
node-redis: ERR DB index is out of range
keys in database 0: 0
SEEN
