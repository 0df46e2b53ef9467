import { beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expectedReport } from './expected-report.js';
import { Host } from './host.js';
import { run, tarball } from './run.js';

let host: Host;
let compiled: string;

beforeAll(async () => {
  host = await Host.install('hosted');
  compiled = await host.compile('tsconfig.json');
  // What Bun's package does when it is installed with scripts. It moves the binary, so a second time would download it.
  await host.node(join('node_modules', 'bun', 'install.js'));
});

describe.each(['express', 'fastify'])('an app on %s', (adapter) => {
  it('gets a delivery of each scheme on Bun', async () => {
    const bun = join(host.directory, 'node_modules', '.bin', 'bun');

    const report = await run(bun, [join(compiled, 'main.js'), adapter, '{}'], host.directory);

    expect(JSON.parse(report)).toEqual(expectedReport({ parsesBodies: true }));
  });

  it('receives a delivery of each scheme on Deno', async () => {
    const deno = [join('node_modules', 'deno', 'bin.cjs'), 'run', '--allow-all', '--node-modules-dir=manual'];

    const report = await host.node(...deno, join(compiled, 'main.js'), adapter, '{}');

    expect(JSON.parse(report)).toEqual(expectedReport({ parsesBodies: true }));
  });
});

describe('an app that can access only its own dependencies', () => {
  it('starts and receives when pnpm installs it without hoisting', async () => {
    const directory = projectOf(host);
    const pnpm = join(host.directory, 'node_modules', '.bin', 'pnpm');
    const offline = ['--prefer-offline', '--ignore-scripts', '--no-frozen-lockfile'];

    await run(pnpm, ['install', '--config.hoist=false', ...offline], directory);

    expect(await reportOf(directory)).toEqual(expectedReport({ parsesBodies: true }));
    expect(
      await run(join(directory, 'node_modules', '.bin', 'nestjs-gemini-webhooks'), ['--help'], directory),
    ).toContain('Usage: nestjs-gemini-webhooks');
  });

  it("starts and receives on Yarn's Plug'n'Play", async () => {
    const directory = projectOf(host);
    const yarn = join(host.directory, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
    const registry = (await run('npm', ['config', 'get', 'registry'], directory)).trim();
    const settings = {
      npmRegistryServer: registry,
      nodeLinker: 'pnp',
      enableScripts: false,
      enableImmutableInstalls: false,
    };
    writeFileSync(join(directory, '.yarnrc.yml'), JSON.stringify(settings));
    // Without this file the project would belong to a parent project.
    writeFileSync(join(directory, 'yarn.lock'), '');

    await run(process.execPath, [yarn, 'install'], directory);

    expect(await reportOf(directory, yarn, 'node')).toEqual(expectedReport({ parsesBodies: true }));
    expect(await run(process.execPath, [yarn, 'nestjs-gemini-webhooks', '--help'], directory)).toContain(
      'Usage: nestjs-gemini-webhooks',
    );
  });
});

describe("a user's test that signs deliveries with the testing entry point", () => {
  it.each([
    { runner: 'Vitest', args: ['node_modules/vitest/vitest.mjs', 'run'] },
    { runner: 'Vitest with SWC', args: ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.swc.config.js'] },
    { runner: 'Jest as ESM', args: ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--ci'] },
  ])('passes in $runner', async ({ args }) => {
    await expect(host.node(...args)).resolves.toBeDefined();
  });
});

/** Copies the app with its own files, without the packages that npm has installed. */
function projectOf(of: Host): string {
  const directory = mkdtempSync(join(dirname(tarball()), 'project-'));
  cpSync(compiled, join(directory, 'dist'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(of.directory, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const needed = Object.entries(dependencies).filter(([name]) =>
    /^(@nestjs\/.*|@google\/genai|reflect-metadata|rxjs)$/.test(name),
  );
  const packed = ['nestjs-gemini-webhooks', `file:../${basename(tarball())}`];
  const manifest = { private: true, type: 'module', dependencies: Object.fromEntries([...needed, packed]) as object };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  return directory;
}

async function reportOf(directory: string, ...before: string[]): Promise<unknown> {
  const main = join(directory, 'dist', 'main.js');
  return JSON.parse(await run(process.execPath, [...before, main, 'fastify', '{}'], directory));
}
