import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { documentation } from '../support/docstrings.js';
import { Host } from './host.js';
import { run, tarball } from './run.js';

const ROOT = process.cwd();
const BIN = join(ROOT, 'node_modules', '.bin');

describe('the packed file', () => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.withoutPeers();
  });

  it('passes publint', async () => {
    await expect(run(join(BIN, 'publint'), ['--strict', tarball()], ROOT)).resolves.toContain('All good');
  });

  it('has typings that match its code for every module resolution', async () => {
    const args = [tarball(), '--ignore-rules', 'cjs-resolves-to-esm'];

    await expect(run(join(BIN, 'attw'), args, ROOT)).resolves.toContain('No problems found');
  });

  it('contains only the build of lib, its legal files and the pages of docs', () => {
    const files = filesBelow(host.installed).filter((file) => !file.startsWith('node_modules'));
    const papers = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

    const pages = files.filter((file) => file.startsWith(`docs${sep}`));
    const built = files.filter((file) => !papers.includes(file) && !pages.includes(file));

    expect(built.toSorted()).toEqual(
      filesBelow(join(ROOT, 'dist'))
        .map((file) => join('dist', file))
        .toSorted(),
    );
    expect(built).toContain(join('dist', 'index.js'));
    expect(pages).toContain(join('docs', 'inbox.md'));
    expect(pages.filter((file) => file.startsWith(join('docs', 'api')) || !existsSync(join(ROOT, file)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(papers.filter((paper) => existsSync(join(ROOT, paper)))));
  });

  it('contains the code of each file of lib once, and its source maps name no other file', () => {
    const dist = join(host.installed, 'dist');
    const sources = filesBelow(dist)
      .filter((file) => file.endsWith('.map'))
      .flatMap((file) => {
        const map = JSON.parse(readFileSync(join(dist, file), 'utf8')) as { readonly sources: readonly string[] };
        return map.sources.map((source) => relative(host.installed, resolve(dist, dirname(file), source)));
      });

    expect(sources.length).toBeGreaterThan(300);
    expect(sources.filter((source, index) => sources.indexOf(source) !== index)).toEqual([]);
    expect(sources.filter((source) => !source.startsWith(`lib${sep}`) || !existsSync(join(ROOT, source)))).toEqual([]);
  });

  it('contains every file that its manifest lists', () => {
    const { main, types, exports, typesVersions } = manifestOf(host.installed);
    const text = JSON.stringify([main, types, exports, typesVersions]);
    const named = [...text.matchAll(/"(\.\/[^"]+\.(?:json|js|ts))"/g)].map(([, file]) => String(file));

    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((file) => !existsSync(join(host.installed, file)))).toEqual([]);
  });

  it.each(['dist/index.d.ts', 'dist/testing/index.d.ts'])('keeps the docstring of each export in %s', (entryPoint) => {
    const { documented, undocumented } = documentation(join(host.installed, entryPoint));

    expect(documented.length).toBeGreaterThan(0);
    expect(undocumented).toEqual([]);
  });

  it('keeps the docstring of each option', () => {
    const { documented, undocumented } = documentation(
      join(host.installed, 'dist', 'index.d.ts'),
      'GeminiWebhooksModuleOptions',
    );

    expect(documented).toContain('toleranceSeconds');
    expect(undocumented).toEqual([]);
  });
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(directory, file)).isFile(),
  );
}

function manifestOf(directory: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, unknown>;
}
