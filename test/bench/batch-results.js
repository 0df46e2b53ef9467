import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { GoogleGenAI } from '@google/genai';
import { batchResults } from '../../build/jobs/transfer/batch-results.js';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

const LINES = QUICK ? 100_000 : 1_000_000;
const MIB = 1024 * 1024;

/** A process of its own, or it would take its time from both and bring them closer together. */
const server = fork(new URL('batch/server.js', import.meta.url), [String(LINES)], { execArgv: [] });
const [{ port, bytes }] = await once(server, 'message');
const baseUrl = `http://127.0.0.1:${port}`;
const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } });

async function ours(seen = () => undefined) {
  let lines = 0;
  for await (const { response } of batchResults(ai, { dest: { fileName: 'files/output' } })) {
    if (response.candidates.length === 1) lines += 1;
    seen(lines);
  }
  return lines;
}

async function readline() {
  let lines = 0;
  const { body } = await fetch(`${baseUrl}/v1beta/files/output:download?alt=media`);
  for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
    if (JSON.parse(line).response.candidates.length === 1) lines += 1;
  }
  return lines;
}

/** How far the RSS rises above what it is before the first line. */
async function growthOfRss() {
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let highest = before;
  await ours((lines) => {
    if (lines % 1000 === 0) highest = Math.max(highest, process.memoryUsage.rss());
  });
  return (highest - before) / MIB;
}

/** All the lines, in nanoseconds. */
function timed(read) {
  return async () => {
    const start = process.hrtime.bigint();
    const lines = await read();
    if (lines !== LINES) throw new Error(`${lines} lines of ${LINES}`);
    return Number(process.hrtime.bigint() - start);
  };
}

const growth = await growthOfRss();
const contenders = { ours: timed(() => ours()), readline: timed(readline) };
const costs = await race(contenders, { rounds: 5, warmUp: 1 });
server.kill();

const what = `batchResults, ${LINES.toLocaleString('en')} lines, ${(bytes / MIB).toFixed(0)} MiB`;
process.send([
  ratioRow(what, 'readline + JSON.parse', speedRatio(costs, 'ours', 'readline'), 0.7),
  {
    what,
    beside: 'growth of the RSS, at its highest',
    value: `${growth.toFixed(0)} MiB`,
    target: '≤ 64 MiB',
    met: growth <= 64,
  },
]);
