import { fork } from 'node:child_process';
import { once } from 'node:events';
import { causeOf } from './causes.js';
import { QUICK, table } from './harness.js';

/** Each in a process of its own: what one leaves in the heap and the compiler is nothing to the next. */
const BENCHMARKS = [
  'verify-hmac',
  'verify-ed25519',
  'receive-http',
  'receive-peers',
  'telemetry',
  'claims',
  'dedupe-cache',
  'inline-memory',
  'durable-memory',
  'inbox-accept',
  'inbox-work',
  'inbox-latency',
  'inbox-size',
  'idle',
  'failed-events',
  'tracked-jobs',
  'job-requests',
  'batch-results',
  'inline-video',
  'film-polled',
  'store-faults',
  'installed-size',
  'cold-start',
];

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const rows = [];
for (const name of BENCHMARKS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  const child = fork(new URL(`${name}.js`, import.meta.url), process.argv.slice(2), { execArgv: ['--expose-gc'] });
  child.on('message', (result) => rows.push(...result));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
}

process.stdout.write(
  `\nNode ${process.version}. Ratios are medians of interleaved runs: 1 is as fast as what stands beside it.\n`,
);
if (QUICK) process.stdout.write('--quick: too short a run to rely on.\n');
process.stdout.write(`\n${table(rows, causeOf)}\n`);
