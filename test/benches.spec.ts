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
