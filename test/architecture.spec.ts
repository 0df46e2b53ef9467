import { describe, expect, it } from '@jest/globals';
import { basename, dirname } from 'node:path';
import { documentation } from './support/docstrings.js';
import { importsOf, libFiles, readsProcessEnv, sourceOf, type Import } from './support/lib-sources.js';

/** Folders that each folder may import, in addition to the files at the root. Lists only folders that exist. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  config: ['events', 'shared'],
  shared: [],
  telemetry: ['events', 'shared'],
  receiver: ['signature', 'inbox', 'events', 'config', 'shared'],
  signature: ['events', 'config', 'shared'],
  inbox: ['handlers', 'telemetry', 'events', 'config', 'shared'],
  health: ['inbox', 'signature', 'static-webhooks', 'telemetry', 'config', 'shared'],
  handlers: ['claims', 'telemetry', 'events', 'shared'],
  claims: ['shared'],
  bus: ['events', 'shared'],
  jobs: ['handlers', 'inbox', 'signature', 'telemetry', 'events', 'config', 'shared'],
  'static-webhooks': ['signature', 'events', 'config', 'shared'],
  bullmq: ['handlers', 'inbox', 'jobs', 'static-webhooks', 'events', 'config', 'shared'],
  testing: ['signature', 'events', 'config', 'shared'],
  cli: ['bullmq', 'claims', 'static-webhooks', 'testing', 'events', 'config', 'shared'],
  events: ['shared'],
  // Runs in the Nest CLI, without the app.
  schematics: [],
};

/** Folders of `lib/bullmq` that each of them may import, in addition to the files at its root. */
const BULLMQ_EDGES: Readonly<Record<string, readonly string[]>> = {
  store: [],
  'store/redis': ['store'],
  'store/postgres': ['store'],
  peers: ['store'],
  deliveries: ['peers', 'store'],
  'tracked-jobs': ['deliveries', 'store'],
};

/** The only files that may import every folder. */
const MAPS: ReadonlySet<string> = new Set(['index.ts', 'gemini-webhooks.module.ts', 'gemini-webhooks-core.module.ts']);

/** Files at the root that every folder may import. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(['errors.ts', 'gemini-webhooks.tokens.ts', 'problem.ts']);

const PORTS_IN_OPTIONS: ReadonlySet<string> = new Set([
  'static-webhooks/signing-secret-store.ts',
  'inbox/inbox-engine.ts',
  'handlers/around-handler.ts',
  'signature/signature-strategy.ts',
]);
const KNOW_THE_PORTS: ReadonlySet<string> = new Set([
  'config/gemini-webhooks.options.ts',
  'config/gemini-webhooks.config.ts',
]);

const ENTRY_POINTS: ReadonlySet<string> = new Set(['testing', 'bullmq']);
const MAY_READ_THE_ENVIRONMENT = ['cli/main.ts', 'config/gemini-webhooks.environment.ts', 'gemini-webhooks.module.ts'];
const LONGEST_FILE = 250;

const files = libFiles();
const imports = files.flatMap(importsOf);

describe('lib', () => {
  it('has only the folders whose imports are listed here', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== '.'));

    expect([...folders].toSorted()).toEqual(Object.keys(EDGES).toSorted());
  });

  it('keeps only shared files and entry points at its root', () => {
    const atRoot = files.filter((file) => folderOf(file) === '.');

    expect(atRoot.toSorted()).toEqual([...MAPS, ...OPEN_TO_ALL].toSorted());
  });

  it('imports only in the direction of a delivery', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter((one) => !MAPS.has(one.from) && !isPermitted(one)).map(shown)).toEqual([]);
  });

  it('imports between the folders of lib/bullmq in one direction', () => {
    const bullmq = imports
      .filter(({ from, to }) => from.startsWith('bullmq/') && to.startsWith('bullmq/'))
      .map((one) => ({ ...one, own: bullmqFolderOf(one.from), other: bullmqFolderOf(one.to) }))
      .filter(({ own, other }) => own !== '' && other !== '' && own !== other);

    expect(new Set(bullmq.map(({ own }) => own)).size).toBeGreaterThan(3);
    expect(bullmq.filter(({ own, other }) => !BULLMQ_EDGES[own]?.includes(other)).map(shown)).toEqual([]);
  });

  it('has no import cycles', () => {
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

  it('reads the process environment only where that is allowed', () => {
    const readers = files.filter((file) => readsProcessEnv(sourceOf(file)));

    expect(readers.toSorted()).toEqual(MAY_READ_THE_ENVIRONMENT);
  });
});

describe('the public API', () => {
  it.each(['lib/index.ts', 'lib/bullmq/index.ts', 'lib/testing/index.ts'])(
    'has a docstring on everything that %s exports',
    (entryPoint) => {
      const { documented, undocumented } = documentation(entryPoint);

      expect(documented.length).toBeGreaterThan(0);
      expect(undocumented).toEqual([]);
    },
  );
});

function isPermitted({ from, to, typeOnly }: Import): boolean {
  const [own, other] = [folderOf(from), folderOf(to)];
  if (other === '.') return OPEN_TO_ALL.has(to);
  if (own === '.') return other === 'events';
  if (own === 'config' && typeOnly && PORTS_IN_OPTIONS.has(to)) return KNOW_THE_PORTS.has(from);
  return own === other || EDGES[own]?.includes(other) === true;
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

function bullmqFolderOf(file: string): string {
  return dirname(file).slice('bullmq/'.length);
}

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '.';
}

function shown({ from, to, typeOnly }: Import): string {
  return `${from} → ${to}${typeOnly ? ' (type)' : ''}`;
}
