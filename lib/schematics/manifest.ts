import { readFileSync } from 'node:fs';
import { compilingPackages, type JestSettings } from './jest-settings.js';
import { CannotWire, readJson, readText, writeText, type SchematicTree } from './tree.js';

interface Manifest {
  readonly type?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly jest?: JestSettings;
}

const FILE = 'package.json';

/** Packages that every app needs besides those of a new Nest app. */
const PEERS = ['@google/genai', '@nestjs/config'];

/**
 * Adds the packages that are missing, and the setting of Jest in CommonJS.
 *
 * @param packages packages of the inbox
 * @returns the packages that were added
 */
export function updateManifest(tree: SchematicTree, packages: readonly string[]): string[] {
  const text = readText(tree, FILE);
  const manifest = readJson<Manifest>(tree, FILE);
  if (text === undefined || !manifest)
    throw new CannotWire('package.json does not exist: run the command in the root of the app.');
  const listed = { ...manifest.devDependencies, ...manifest.dependencies };
  const added = [...PEERS, ...packages].filter((name) => !Object.hasOwn(listed, name));
  const versions = added.map((name) => [name, versionOf(name, listed)] as const);
  const dependencies = Object.entries({ ...manifest.dependencies, ...Object.fromEntries(versions) });
  const sorted = Object.fromEntries(dependencies.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const jest = manifest.type === 'module' ? undefined : compilingPackages(manifest.jest);
  if (added.length === 0 && !jest) return [];
  const changed = { ...manifest, ...(added.length > 0 && { dependencies: sorted }), ...(jest && { jest }) };
  const indent = /^[ \t]+/m.exec(text)?.[0] ?? '  ';
  writeText(tree, FILE, `${JSON.stringify(changed, null, indent)}${text.endsWith('\n') ? '\n' : ''}`);
  return added;
}

/** The newest version that this package supports. TypeORM requires ioredis 5. */
function versionOf(name: string, listed: Readonly<Record<string, string>>): string {
  const versions = peerVersions()[name]?.split(' || ') ?? [];
  const version = name === 'ioredis' && 'typeorm' in listed ? versions[0] : versions.at(-1);
  return version ?? 'latest';
}

function peerVersions(): Readonly<Record<string, string>> {
  const own = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(own) as { peerDependencies: Record<string, string> }).peerDependencies;
}
