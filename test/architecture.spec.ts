import { describe, expect, it } from '@jest/globals';
import { basename, dirname } from 'node:path';
import { documentation } from './support/docstrings.js';
import { importsOf, libFiles, readsProcessEnv, sourceOf, type Import } from './support/lib-sources.js';

/** Which folders a folder may import, beside those open to all. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  receiver: ['signature', 'inbox'],
  signature: [],
  inbox: ['handlers'],
  handlers: [],
  bus: [],
  jobs: ['handlers', 'inbox', 'signature'],
  endpoints: ['signature'],
  bullmq: ['handlers', 'inbox', 'jobs', 'endpoints'],
  testing: ['signature'],
  cli: ['bullmq', 'endpoints', 'testing'],
  events: [],
  telemetry: [],
};
const OPEN_TO_ALL: ReadonlySet<string> = new Set(['events', 'telemetry']);

/** The only files that know every step. */
const MAPS: ReadonlySet<string> = new Set(['index.ts', 'gemini-webhooks.module.ts', 'gemini-webhooks-core.module.ts']);

const PORTS_IN_OPTIONS: ReadonlySet<string> = new Set([
  'endpoints/signing-secret-store.ts',
  'inbox/inbox-engine.ts',
  'signature/signature-strategy.ts',
]);
const KNOW_THE_PORTS: ReadonlySet<string> = new Set(['gemini-webhooks.options.ts', 'gemini-webhooks.config.ts']);

const ENTRY_POINTS: ReadonlySet<string> = new Set(['testing', 'bullmq']);
const MAY_READ_THE_ENVIRONMENT = ['cli/main.ts', 'gemini-webhooks.environment.ts', 'gemini-webhooks.module.ts'];
const LONGEST_FILE = 250;

const files = libFiles();
const imports = files.flatMap(importsOf);

describe('lib', () => {
  it('has only folders with a place on the line', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== '.'));

    expect([...folders].filter((folder) => !(folder in EDGES))).toEqual([]);
  });

  it('imports only the way the delivery goes', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter((one) => !MAPS.has(one.from) && !isPermitted(one)).map(shown)).toEqual([]);
  });

  it('has no cycle between its files', () => {
    expect(cycleIn(imports)).toBeUndefined();
  });

  it('has an index only at its root and at its entry points', () => {
    const homes = files.filter((file) => basename(file) === 'index.ts').map(dirname);

    expect(homes.filter((home) => home !== '.' && !ENTRY_POINTS.has(home))).toEqual([]);
  });

  it(`has no file longer than ${LONGEST_FILE} lines`, () => {
    const lengths = files.map((file) => ({ file, lines: sourceOf(file).text.trimEnd().split('\n').length }));

    expect(lengths.filter(({ lines }) => lines > LONGEST_FILE)).toEqual([]);
  });

  it('reads the process environment in the files that are there for it', () => {
    const readers = files.filter((file) => readsProcessEnv(sourceOf(file)));

    expect(readers.toSorted()).toEqual(MAY_READ_THE_ENVIRONMENT);
  });
});

describe('the public API', () => {
  it.each(['lib/index.ts', 'lib/testing/index.ts'])('has a docstring on everything that %s exports', (entryPoint) => {
    const { documented, undocumented } = documentation(entryPoint);

    expect(documented.length).toBeGreaterThan(0);
    expect(undocumented).toEqual([]);
  });
});

function isPermitted({ from, to, typeOnly }: Import): boolean {
  const [own, other] = [folderOf(from), folderOf(to)];
  if (other === '.') return !MAPS.has(to);
  if (own === '.') {
    return other === 'events' || (typeOnly && KNOW_THE_PORTS.has(from) && PORTS_IN_OPTIONS.has(to));
  }
  return own === other || OPEN_TO_ALL.has(other) || EDGES[own]?.includes(other) === true;
}

function cycleIn(edges: readonly Import[]): string | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ');
    if (done.has(file)) return undefined;
    for (const { to } of edges.filter(({ from }) => from === file)) {
      const cycle = visit(to, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  return [...new Set(edges.map(({ from }) => from))]
    .map((file) => visit(file, []))
    .find((cycle) => cycle !== undefined);
}

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '.';
}

function shown({ from, to, typeOnly }: Import): string {
  return `${from} → ${to}${typeOnly ? ' (type)' : ''}`;
}
