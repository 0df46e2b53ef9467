import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-bench-'));
const report = join(folder, 'rows.json');
const root = fileURLToPath(new URL('../..', import.meta.url));
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const config = join(root, 'test', 'bench', 'store-faults', 'jest.config.js');
const child = spawn(process.execPath, ['--experimental-vm-modules', '--no-warnings', jest, '--config', config], {
  cwd: root,
  env: { ...process.env, BENCH_REPORT: report },
  stdio: ['ignore', 2, 2],
});
const [code] = await once(child, 'exit');
const rows = JSON.parse(await readFile(report, 'utf8').catch(() => '[]'));
await rm(folder, { recursive: true });
process.send(rows);
if (code !== 0) process.exitCode = 1;
