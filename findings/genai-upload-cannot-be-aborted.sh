#!/usr/bin/env bash
# @google/genai 3.3.0: files.upload ignores its abortSignal.
#
# Valid input: a file of 16 MiB and `config: { mimeType, abortSignal }`, documented as "Abort signal which can be used to cancel the
# request". The signal is aborted while the server receives the first of two chunks. Seen: the SDK sends the second chunk, finalizes the
# file, and resolves. It does the same with a signal that was aborted before the call. files.get of the same client rejects.
# A shutdown that aborts its uploads waits for all their bytes, and the canceled file is stored.
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

const file = new Blob([new Uint8Array(16 * 1024 * 1024)], { type: 'text/plain' });
let onPiece = () => {};
let pieces = [];
const server = createServer(async (request, response) => {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  if (request.url.startsWith('/upload')) {
    response.writeHead(200, { 'content-type': 'application/json', 'x-goog-upload-url': `${baseUrl}/session` });
    response.end('{}');
    return;
  }
  const command = request.headers['x-goog-upload-command'];
  pieces.push(`${command} ${bytes}`);
  onPiece();
  response.writeHead(200, { 'x-goog-upload-status': command.includes('finalize') ? 'final' : 'active' });
  response.end(command.includes('finalize') ? '{"file":{"name":"files/one"}}' : '');
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const ai = new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions: { baseUrl } });

async function uploaded(config) {
  pieces = [];
  const outcome = await ai.files.upload({ file, config: { mimeType: 'text/plain', ...config } }).then(
    ({ name }) => `resolved ${name}`,
    ({ name }) => `rejected ${name}`,
  );
  return [outcome, ...pieces];
}

const abort = new AbortController();
onPiece = () => abort.abort();
const duringTheFirstPiece = await uploaded({ abortSignal: abort.signal });
onPiece = () => {};
const beforeTheCall = await uploaded({ abortSignal: AbortSignal.abort() });
const get = await ai.files.get({ name: 'files/one', config: { abortSignal: AbortSignal.abort() } }).then(
  () => 'resolved',
  ({ name }) => `rejected ${name}`,
);
server.close();
server.closeAllConnections();
console.log({ duringTheFirstPiece, beforeTheCall, get });
const complete = 'resolved files/one,upload 8388608,upload, finalize 8388608';
const isAsSeen =
  [duringTheFirstPiece, beforeTheCall].every((one) => String(one) === complete) &&
  get === 'rejected AbortError';
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs 2> /dev/null
