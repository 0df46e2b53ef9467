#!/usr/bin/env bash
# @google/genai 3.3.0: the client's `retryOptions` have no effect on interactions and webhooks.
#
# Valid input: `httpOptions: { retryOptions: { attempts: 1 } }`, documented as "If 0 or 1, it means no retries. If not specified, default
# to 5". The server answers 503 with `retry-after: 0`. Seen: generateContent is sent once, but webhooks.create and interactions.create are
# sent five times within six seconds, without an idempotency key. With `attempts: 3`: three times and five times. Without the option: once
# and five times. Only `maxRetries: 0` in the call itself turns the retries off.
# If a proxy answers 503 after the API has accepted the request, four more webhooks exist, each with a secret that nobody has seen, or
# four more videos are billed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @google/genai@3.3.0 > /dev/null 2>&1
cat > run.mjs <<'JS'
import { createServer } from 'node:http';
import { once } from 'node:events';
import { GoogleGenAI } from '@google/genai';

const requests = {};
const server = createServer((request, response) => {
  request.resume();
  (requests[request.url.split('/')[1]] ??= []).push(request.headers);
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '0' });
  response.end('{"error":{"code":503,"message":"try again"}}');
});
await once(server.listen(0, '127.0.0.1'), 'listening');

const webhook = { name: 'one', uri: 'https://app.example.com/hook', subscribed_events: ['batch.succeeded'] };
const interaction = { model: 'gemini-omni-1.1-flash', input: 'a clip' };
const calls = {
  generateContent: (ai) => ai.models.generateContent({ model: 'gemini-3.8-flash', contents: 'hello' }),
  createWebhook: (ai) => ai.webhooks.create(webhook),
  createInteraction: (ai) => ai.interactions.create(interaction),
  createInteractionOnce: (ai) => ai.interactions.create(interaction, { maxRetries: 0 }),
};

/** Returns how often each call is sent by a client of its own. */
async function attemptsOf(name, retryOptions) {
  const counts = Object.entries(calls).map(async ([call, make]) => {
    const path = `${name}-${call}`;
    const baseUrl = `http://127.0.0.1:${server.address().port}/${path}`;
    const httpOptions = { baseUrl, ...(retryOptions && { retryOptions }) };
    await make(new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions })).catch(() => {});
    return [call, requests[path].length];
  });
  return Object.fromEntries(await Promise.all(counts));
}

const [one, three, notSpecified] = await Promise.all([
  attemptsOf('one', { attempts: 1 }),
  attemptsOf('three', { attempts: 3 }),
  attemptsOf('none'),
]);
const sent = { 'attempts: 1': one, 'attempts: 3': three, 'not specified': notSpecified };
const hasKey = Object.values(requests).flat().some((headers) => Object.keys(headers).some((header) => header.includes('idempotency')));
server.close();
server.closeAllConnections();
console.log(sent);
const others = { createWebhook: 5, createInteraction: 5, createInteractionOnce: 1 };
const expected = {
  'attempts: 1': { generateContent: 1, ...others },
  'attempts: 3': { generateContent: 3, ...others },
  'not specified': { generateContent: 1, ...others },
};
const isAsSeen = !hasKey && JSON.stringify(sent) === JSON.stringify(expected);
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs 2> /dev/null
