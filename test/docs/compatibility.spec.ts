import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docTable } from '../support/doc-table.js';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = 'docs/compatibility.md';
/** Heads of the first columns of tables whose last column names tests. */
const TESTED = ['peer', 'host', 'store', 'database client', 'library'];

type Dependencies = Readonly<Record<string, string>>;

describe('docs/compatibility.md', () => {
  it.each(TESTED)('names an existing test for every %s', (head) => {
    const tests = docTable(PAGE, head).map((row) => row.at(-1)!.match(/test\/[\w./-]+/g) ?? []);

    expect(tests.length).toBeGreaterThan(1);
    expect(tests.filter((paths) => paths.length === 0)).toEqual([]);
    expect(tests.flat().filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('gives the range of every peer dependency', () => {
    const { peerDependencies } = parsed<{ readonly peerDependencies: Dependencies }>('package.json');
    const ranges = docTable(PAGE, 'peer').flatMap(([names, range]) =>
      packagesOf(names!).map((name) => [name, range!.replaceAll('¦', '|').replaceAll('`', '')]),
    );

    expect(Object.fromEntries(ranges)).toEqual(peerDependencies);
  });

  it.each(TESTED.filter((head) => head !== 'store'))('names only versions of a %s that a test installs', (head) => {
    const installed = installedVersions();
    const named = docTable(PAGE, head).flatMap((row) =>
      (head === 'peer' ? row[2]! : row[1]!).match(/\d+(?:\.\d+)*/g)!.map((version) => [packagesOf(row[0]!), version]),
    ) as [string[], string][];
    const unknown = named.filter(
      ([names, version]) =>
        names.length > 0 &&
        !names.some((name) => installed.get(name)?.some((one) => `${one}.`.startsWith(`${version}.`))),
    );

    expect(named.length).toBeGreaterThan(3);
    expect(unknown).toEqual([]);
  });

  it('names every program in findings', () => {
    const named = docTable(PAGE, 'software').map((row) => /`findings\/([\w.-]+)`/.exec(row.at(-1)!)?.[1]);

    expect(named.toSorted()).toEqual(readdirSync(join(ROOT, 'findings')).toSorted());
  });
});

function parsed<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

function packagesOf(cell: string): string[] {
  return [...cell.matchAll(/`([@\w/.-]+)`/g)].map(([, name]) => name!);
}

/** Returns the versions of each package that tests install: in this project, or in an app of test/package. */
function installedVersions(): ReadonlyMap<string, readonly string[]> {
  const lock = parsed<{ readonly packages: Readonly<Record<string, { readonly version?: string }>> }>(
    'package-lock.json',
  );
  const here = Object.entries(lock.packages).map(([path, { version }]) => [
    path.replace('node_modules/', ''),
    version ?? '',
  ]);
  const hosts = join('test', 'package', 'hosts');
  const inApps = readdirSync(join(ROOT, hosts))
    .map((app) => join(hosts, app, 'package.json'))
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => parsed<{ readonly dependencies: Dependencies; readonly devDependencies?: Dependencies }>(path))
    .flatMap(({ dependencies, devDependencies }) => Object.entries({ ...dependencies, ...devDependencies }));
  const spec = readFileSync(join(ROOT, 'test', 'package', 'hosts.spec.ts'), 'utf8');
  const [, nest = ''] = /nest: '([\d.]+)'/.exec(spec) ?? [];
  const instead = [...spec.matchAll(/'(@?[\w/-]+)': '(\d[\d.]*)'/g)].map(([, name, version]) => [name!, version!]);
  const ofNest = ['common', 'core', 'platform-express', 'platform-fastify'].map((name) => [`@nestjs/${name}`, nest]);
  const all = new Map<string, string[]>();
  for (const [name, version] of [...here, ...inApps, ...instead, ...ofNest] as [string, string][]) {
    all.set(name, [...(all.get(name) ?? []), version]);
  }
  return all;
}
