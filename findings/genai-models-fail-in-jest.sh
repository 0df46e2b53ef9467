#!/usr/bin/env bash
# @google/genai 3.3.0 in Jest 30: models and batches reject with "fetch failed", although fetch itself works.
#
# Valid input: a test in Jest's default environment that calls a loopback server by fetch and by the SDK. Seen: fetch, interactions and
# webhooks resolve. models.generateContent and batches.get reject with "exception TypeError: fetch failed sending request" and send
# nothing. The SDK reads Node's dispatcher from `globalThis[Symbol.for('undici.globalDispatcher.1')]`. In a test, globalThis belongs to
# Jest's sandbox and has none, so the SDK throws "Undici globalDispatcher is not available." Tests in ESM and in CommonJS behave alike.
# With a function around fetch as `httpOptions: { fetch }`, the calls resolve.
# The message suggests a network problem, and the same lines work outside of Jest.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @google/genai@3.3.0 jest@30.5.2 > /dev/null 2>&1
cat > calls.cjs <<'JS'
const { createServer } = require('node:http');
const { once } = require('node:events');

/** Returns what each call gives, and which ones reached the server. */
exports.outcomes = async ({ GoogleGenAI }) => {
  const reached = [];
  const server = createServer((request, response) => {
    request.resume();
    reached.push(request.url.split('/')[1]);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"name":"batches/one","metadata":{"state":"BATCH_STATE_PENDING"}}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  const client = (name, more) =>
    new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions: { baseUrl: `${base}/${name}`, ...more } });
  const found = {};
  for (const [name, call] of Object.entries({
    fetch: () => fetch(`${base}/fetch`),
    models: () => client('models').models.generateContent({ model: 'gemini-3.8-flash', contents: 'hello' }),
    batches: () => client('batches').batches.get({ name: 'batches/one' }),
    batchesWithFetch: () =>
      client('batchesWithFetch', { fetch: (...args) => fetch(...args) }).batches.get({ name: 'batches/one' }),
    interactions: () => client('interactions').interactions.get('one'),
    webhooks: () => client('webhooks').webhooks.get('one', {}, { maxRetries: 0 }),
  })) {
    const outcome = await call().then(
      () => 'resolved',
      ({ message }) => message,
    );
    found[name] = reached.includes(name) ? outcome : `${outcome} (no request)`;
  }
  server.close();
  server.closeAllConnections();
  return found;
};
JS
cat > run.test.cjs <<'JS'
const { writeFileSync } = require('node:fs');
const genai = require('@google/genai');
const { outcomes } = require('./calls.cjs');

test('calls', async () => writeFileSync('in-jest.json', JSON.stringify(await outcomes(genai))), 60_000);
JS
cat > run.cjs <<'JS'
const { readFileSync } = require('node:fs');
const genai = require('@google/genai');
const { outcomes } = require('./calls.cjs');

(async () => {
  const inJest = JSON.parse(readFileSync('in-jest.json', 'utf8'));
  const outside = await outcomes(genai);
  console.log({ inJest, outside });
  const failing = Object.keys(inJest).filter((name) => inJest[name] !== 'resolved');
  const isAsSeen =
    String(failing) === 'models,batches' &&
    failing.every((name) => /fetch failed.*\(no request\)$/.test(inJest[name])) &&
    Object.values(outside).every((outcome) => outcome === 'resolved');
  console.log(isAsSeen ? 'As described.' : 'This has changed.');
  process.exitCode = isAsSeen ? 0 : 1;
})();
JS
npx jest --ci --silent --testMatch '**/run.test.cjs' > jest.log 2>&1 || cat jest.log
node run.cjs 2> /dev/null
