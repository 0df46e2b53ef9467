#!/usr/bin/env bash
# @google/genai 3.3.0: "for await" over batches.list hands out undefined for an empty page after the first.
#
# Valid input: two pages, of which the second has no batch (the API may end a listing so). Seen: the loop gets batches/1 and
# then undefined. hasNextPage() and nextPage() of the same pager give one batch and then an empty page.
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

const server = createServer((request, response) => {
  const isSecond = new URL(request.url, 'http://localhost').searchParams.has('pageToken');
  response.writeHead(200, { 'content-type': 'application/json' });
  const first = { operations: [{ name: 'batches/1', metadata: { state: 'BATCH_STATE_PENDING' } }], nextPageToken: 'more' };
  response.end(JSON.stringify(isSecond ? {} : first));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const ai = new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions: { baseUrl } });
const looped = [];
for await (const batch of await ai.batches.list({ config: { pageSize: 1 } })) looped.push(batch?.name);
const pager = await ai.batches.list({ config: { pageSize: 1 } });
const paged = pager.page.map(({ name }) => name);
while (pager.hasNextPage()) paged.push(...(await pager.nextPage()).map(({ name }) => name));
server.close();
server.closeAllConnections();
console.log('for await:', looped, 'page by page:', paged);
const isAsSeen = looped.length === 2 && looped[1] === undefined && paged.length === 1;
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs
