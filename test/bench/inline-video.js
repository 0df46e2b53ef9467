import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { GoogleGenAI } from '@google/genai';
import { readInteraction } from '../../build/jobs/transfer/interaction-reader.js';
import { downloadVideo } from '../../build/jobs/transfer/video-download.js';

const MIB = 1024 * 1024;
const FILM_BYTES = 40_000_000;
const PIECE_BYTES = 48_000;
const MAX_GROWTH_MIB = 64;

const READERS = {
  status: async (ai, id) => {
    const { status, video } = await readInteraction(ai, id);
    if (status !== 'completed' || !video.isInline) throw new Error('no inline video');
    return FILM_BYTES;
  },
  download: async (ai, id) => {
    let bytes = 0;
    const sink = new Writable({ write: (chunk, _, done) => done(void (bytes += chunk.length)) });
    await downloadVideo(ai, { interaction: id }, sink);
    return bytes;
  },
  sdk: async (ai, id) => {
    const { output_video: video } = await ai.interactions.get(id);
    return Buffer.from(video.data, 'base64').length;
  },
};

const [role, baseUrl] = process.argv.slice(2);
if (role === 'server') await serve();
else if (role in READERS) await measure(READERS[role]);
else await report();

/** An API that makes the film's JSON as it sends it. The film of `v1_warm-up` is small. */
async function serve() {
  const piece = randomBytes(PIECE_BYTES).toString('base64');
  const server = createServer((request, response) => {
    const bytes = request.url.includes('warm-up') ? PIECE_BYTES * 2 : FILM_BYTES;
    const body = function* () {
      yield '{"id":"v1_film","status":"completed","steps":[{"type":"model_output","content":[';
      yield '{"type":"video","mime_type":"video/mp4","data":"';
      for (let left = bytes; left > 0; left -= PIECE_BYTES) yield piece.slice(0, Math.ceil((left * 4) / 3));
      yield '"}]}]}';
    };
    response.setHeader('content-type', 'application/json');
    Readable.from(body()).pipe(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.send(`http://127.0.0.1:${server.address().port}`);
}

/** How far the highest RSS of this process rises above the RSS before the read, in MiB. */
async function measure(read) {
  const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } });
  if (read !== READERS.status) await read(ai, 'v1_warm-up');
  await readInteraction(ai, 'v1_warm-up');
  globalThis.gc();
  const before = process.memoryUsage.rss();
  const start = process.hrtime.bigint();
  const bytes = await read(ai, 'v1_film');
  if (bytes !== FILM_BYTES) throw new Error(`${bytes} bytes of ${FILM_BYTES}`);
  const growth = process.resourceUsage().maxRSS / 1024 - before / MIB;
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  await new Promise((resolve) => process.send({ growth, before: before / MIB, ms }, resolve));
  process.disconnect();
}

async function report() {
  const self = fileURLToPath(import.meta.url);
  const server = fork(self, ['server'], { execArgv: [] });
  const [url] = await once(server, 'message');
  const growthOf = async (reader) => {
    const [result] = await once(fork(self, [reader, url], { execArgv: ['--expose-gc'] }), 'message');
    return result;
  };
  const rows = [];
  for (const [reader, what] of [
    ['status', 'status check of an interaction with 40 MB inline'],
    ['download', 'downloadVideo of 40 MB inline'],
    ['sdk', 'interactions.get of the SDK, for comparison'],
  ]) {
    const { growth, ms } = await growthOf(reader);
    const hasTarget = reader !== 'sdk';
    rows.push({
      what,
      beside: `growth of the RSS at its highest, in ${ms.toFixed(0)} ms`,
      value: `${growth.toFixed(0)} MiB`,
      target: hasTarget ? `≤ ${MAX_GROWTH_MIB} MiB` : '',
      met: hasTarget ? growth <= MAX_GROWTH_MIB : undefined,
    });
  }
  server.kill();
  process.send(rows);
}
