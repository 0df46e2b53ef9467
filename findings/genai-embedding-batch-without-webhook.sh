#!/usr/bin/env bash
# @google/genai 3.3.0: batches.createEmbeddings drops webhookConfig without an error.
#
# Valid input: a batch of embeddings with the webhookConfig that batches.create takes. Seen: the request's "batch" has
# inputConfig and displayName only, and the call resolves; the one warning says that the method is experimental. batches.create of
# the same client sends it.
# So nobody is told when such a batch ends: it has to be polled.
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

const bodies = {};
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  bodies[request.url.split(':').at(-1)] = JSON.parse(text);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"name":"batches/1","metadata":{"state":"BATCH_STATE_PENDING"}}');
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const ai = new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions: { baseUrl } });
const config = { displayName: 'night', webhookConfig: { uris: ['https://app.example.com/hook'] } };
const contents = [{ parts: [{ text: 'hello' }] }];
await ai.batches.create({ model: 'gemini-3.8-flash', src: [{ contents }], config });
await ai.batches.createEmbeddings({ model: 'gemini-embedding-2', src: { inlinedRequests: { contents } }, config });
server.close();
server.closeAllConnections();
const sent = Object.fromEntries(Object.entries(bodies).map(([call, { batch }]) => [call, Object.keys(batch).sort()]));
console.log(JSON.stringify(sent, null, 2));
const isAsSeen =
  sent.batchGenerateContent.includes('webhookConfig') && !sent.asyncBatchEmbedContent.includes('webhookConfig');
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs
