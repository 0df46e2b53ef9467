import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** What each needs from outside of this package. */
const SECRET = { GEMINI_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };
const CLIENT = { ...SECRET, GEMINI_API_KEY: 'of-no-project' };
/** Far above what it takes (see `npm run bench -- cold-start`): it fails when the SDK is loaded again, not on a busy machine. */
const MOST_TIME = 1.35;

interface Start {
  readonly scripts: readonly string[];
  readonly cpu: number;
  readonly answer?: unknown;
}

describe('the start of an app', () => {
  it.each([
    { what: 'a static webhook', environment: SECRET },
    { what: 'a static webhook and a Gemini client', environment: CLIENT },
  ])('with $what loads no package that its first delivery does not need', async ({ environment }) => {
    const empty = packagesOf(await start('empty', { COUNT_SCRIPTS: '1' }));
    const ours = await start('ours', { ...environment, COUNT_SCRIPTS: '1' });

    expect(ours.answer).toEqual({ status: 'processed' });
    expect(empty).toContain('@nestjs/core');
    expect(packagesOf(ours).filter((name) => !empty.includes(name))).toEqual([]);
  });

  it('loads nothing of the durable inbox, the simulator, the command line or the schematics', async () => {
    const { scripts } = await start('ours', { ...CLIENT, COUNT_SCRIPTS: '1' });
    const own = scripts.filter((url) => url.includes('/dist/') && !url.includes('/node_modules/'));

    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((url) => /\/dist\/(bullmq|testing|cli|schematics)\//.test(url))).toEqual([]);
  });

  it(`takes less than ${MOST_TIME} times the CPU time of an empty Nest app`, async () => {
    const best = { empty: Infinity, ours: Infinity };
    // The least of several rounds is what the machine's other work has disturbed least.
    for (let round = 0; round < 12 && !(best.ours < MOST_TIME * best.empty); round += 1) {
      best.empty = Math.min(best.empty, (await start('empty', {})).cpu);
      best.ours = Math.min(best.ours, (await start('ours', SECRET)).cpu);
    }

    expect(best.ours / best.empty).toBeLessThan(MOST_TIME);
  });
});

/** Names of the packages that a process has loaded. */
function packagesOf({ scripts }: Start): readonly string[] {
  const names = scripts.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].toSorted();
}

async function start(contender: string, settings: NodeJS.ProcessEnv): Promise<Start> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|JEST|NODE_(ENV|OPTIONS|V8))/.test(name),
  );
  const child = spawn(process.execPath, [join(import.meta.dirname, 'cold-start.js'), contender], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  if (code !== 0) throw new Error(`The app ended with exit code ${code}: ${output}`);
  return JSON.parse(output) as Start;
}
