import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BENCH = join(ROOT, 'test', 'bench');
const IMPORT = /(?:\bfrom|\bimport\(|new URL\()\s*'(\.[^']+\.js)'/g;

describe('the benchmarks', () => {
  it('import only modules that exist', () => {
    const files = readdirSync(BENCH, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    const missing = files.flatMap((file) =>
      importsOf(join(BENCH, file))
        .filter((path) => !isThere(path))
        .map((path) => `${file}: ${path}`),
    );

    expect(files.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it('print the cause of each row that falls short, once for rows that share it', async () => {
    const { table } = (await import(join(BENCH, 'harness.js'))) as { table(rows: object[], causeOf: unknown): string };
    const { causeOf } = (await import(join(BENCH, 'causes.js'))) as { causeOf: unknown };
    const row = (what: string, met?: boolean) => ({ what, beside: 'a guard', value: '0.70', target: '≥ 0.95', met });
    const rows = [
      row('receive over HTTP on Fastify', false),
      row("receive over HTTP on Fastify, the server's CPU time", false),
      row('receive over HTTP on Express', true),
      row('installed files', false),
      row('a row without a target'),
    ];
    const [header, ...lines] = table(rows, causeOf).split('\n');

    expect(header).toMatch(/^what +beside +ratio +target$/);
    expect(lines.slice(0, 5).map((line) => line.slice(line.indexOf('≥ 0.95') + '≥ 0.95'.length))).toEqual([
      '  ✗ missed (1)',
      '  ✗ missed (1)',
      '  ✓',
      '  ✗ missed (2)',
      '',
    ]);
    expect(lines.slice(5)).toEqual([
      '',
      expect.stringMatching(/^\(1\) \w.*our code takes/),
      '',
      '(2) no known cause: this target was met before',
    ]);
  });
});

/** Paths from the root of the repository. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(IMPORT)].map(([, path]) => relative(ROOT, join(dirname(file), path!)).replaceAll('\\', '/'));
}

/** Modules of `build` are compiled from `lib`, and `dist` has the entry points only. */
function isThere(path: string): boolean {
  const [, folder, module = ''] = /^(build|dist)\/(.+)\.js$/.exec(path) ?? [];
  if (folder === undefined) return existsSync(join(ROOT, path));
  if (folder === 'dist' && !/^(?:(?:bullmq|testing)\/)?index$|^cli\/main$/.test(module)) return false;
  return existsSync(join(ROOT, 'lib', `${module}.ts`));
}
