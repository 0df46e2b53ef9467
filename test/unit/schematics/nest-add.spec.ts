import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nestAdd, type NestAddOptions } from '../../../lib/schematics/nest-add.js';
import { CannotWire } from '../../../lib/schematics/tree.js';
import { MemoryTree, RecordingContext } from '../../support/memory-tree.js';
import { mainFile, moduleFile, starterFiles } from '../../support/nest-starters.js';

const HOSTS = join(import.meta.dirname, '..', '..', 'package', 'hosts');

function run(files: Readonly<Record<string, string>>, options: NestAddOptions = {}) {
  const tree = new MemoryTree(files);
  const context = new RecordingContext();
  nestAdd(options)(tree, context);
  return { ...context, files: tree.files, changed: changedBetween(files, tree.files) };
}

function changedBetween(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  return Object.keys(after)
    .filter((path) => after[path] !== before[path])
    .toSorted();
}

function manifestOf(files: Readonly<Record<string, string>>) {
  return JSON.parse(files['package.json']!) as {
    dependencies: Record<string, string>;
    jest?: { transformIgnorePatterns?: string[] };
  };
}

describe('nest add on a new app', () => {
  it('wires the module, a handler, the environment and the packages', () => {
    const { files, changed, infos, warnings } = run(starterFiles());

    expect(changed).toEqual(['.env.example', 'package.json', 'src/app.module.ts', 'src/gemini-events.ts']);
    expect(files['src/app.module.ts']).toBe(`import { Module } from '@nestjs/common';
import { AppController } from './app.controller.js';
import { AppService } from './app.service.js';
import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
import { GeminiEvents } from './gemini-events.js';

@Module({
  imports: [GeminiWebhooksModule.forRoot()],
  controllers: [AppController],
  providers: [AppService, GeminiEvents],
})
export class AppModule {}
`);
    expect(files['src/gemini-events.ts']).toContain("@OnGeminiEvent('batch.succeeded')");
    expect(manifestOf(files).dependencies).toEqual({
      '@google/genai': '^3',
      '@nestjs/common': '^12.0.1',
      '@nestjs/config': '^12',
      rxjs: '^7.8.1',
    });
    expect(warnings).toEqual([]);
    expect(infos.join()).toContain('npx nestjs-gemini-webhooks trigger batch.succeeded');
  });

  it('imports the handler as the app imports its files', () => {
    const { files } = run(starterFiles({ suffix: '', type: '' }));

    expect(files['src/app.module.ts']).toContain("from './gemini-events';");
  });

  it('changes nothing when it is run again, with or without other options', () => {
    const first = run(starterFiles(), { tests: true });
    const again = run(first.files, { tests: true });
    const other = run(first.files, { inbox: 'bullmq-redis' });

    expect([again.changed, other.changed]).toEqual([[], []]);
    expect([again.tasks, again.warnings]).toEqual([[], []]);
    expect(again.infos).toEqual([expect.stringContaining('src/app.module.ts imports GeminiWebhooksModule already')]);
  });

  it.each([
    { inbox: 'bullmq-redis', driver: 'ioredis', version: '^6', url: 'redis://localhost:6379' },
    { inbox: 'bullmq-postgres', driver: 'pg', version: '^8', url: 'postgres://localhost/app' },
  ])('sets up $inbox', ({ inbox, driver, version, url }) => {
    const { files } = run(starterFiles(), { inbox });

    expect(files['src/app.module.ts']).toContain('[GeminiWebhooksModule.forRoot({ inbox: bullmqInbox() })]');
    expect(files['src/app.module.ts']).toContain("import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';");
    expect(manifestOf(files).dependencies).toMatchObject({ bullmq: '^6.7.0', [driver]: version });
    expect(files['.env.example']).toContain(`\nGEMINI_WEBHOOK_INBOX_URL=${url}\n`);
  });

  it('chooses ioredis 5 beside TypeORM, which requires it', () => {
    const files = starterFiles();
    files['package.json'] = JSON.stringify({ dependencies: { typeorm: '^1.1.0' } });

    expect(manifestOf(run(files, { inbox: 'bullmq-redis' }).files).dependencies).toMatchObject({ ioredis: '^5' });
  });

  it('keeps the versions of packages that the app has, in either list', () => {
    const files = starterFiles();
    files['package.json'] = JSON.stringify({
      dependencies: { '@google/genai': '^2.1.0' },
      devDependencies: { '@nestjs/config': '^4' },
    });
    const { changed, tasks } = run(files);

    expect(changed).not.toContain('package.json');
    expect(tasks).toEqual([]);
  });

  it('installs what it has added to package.json, unless told not to', () => {
    expect(run(starterFiles()).tasks).toEqual(['node-package']);
    expect(run(starterFiles(), { skipInstall: true })).toMatchObject({
      tasks: [],
      infos: [expect.stringContaining('Install the packages')],
    });
  });

  it('creates a test by choice', () => {
    const { files, changed } = run(starterFiles(), { tests: true });

    expect(changed).toContain('src/gemini-events.spec.ts');
    expect(files['src/gemini-events.spec.ts']).toContain("from './gemini-events.js';");
    expect(run(starterFiles()).changed).not.toContain('src/gemini-events.spec.ts');
  });

  it('makes Jest in CommonJS compile the package, in unit tests and in end-to-end tests', () => {
    const jest = { transform: { '^.+\\.(t|j)s$': 'ts-jest' }, rootDir: 'src' };
    const e2e = '{\n  "rootDir": ".",\n  "transform": { "^.+\\\\.(t|j)s$": "ts-jest" }\n}\n';
    const given = { 'package.json': JSON.stringify({ jest }), 'test/jest-e2e.json': e2e };
    const { files } = run({ ...starterFiles({ suffix: '' }), ...given });
    const { transformIgnorePatterns } = manifestOf(files).jest!;

    const tested = readFileSync(join(HOSTS, 'nest-11-cjs', 'jest.config.json'), 'utf8');
    expect({ transformIgnorePatterns }).toEqual({
      transformIgnorePatterns: (JSON.parse(tested) as { transformIgnorePatterns: string[] }).transformIgnorePatterns,
    });
    expect(JSON.parse(files['test/jest-e2e.json']!)).toMatchObject({ rootDir: '.', transformIgnorePatterns });
    expect(files['test/jest-e2e.json']).toContain(e2e.slice(0, -3));
  });

  it.each([
    { title: 'patterns of its own', manifest: { jest: { transform: {}, transformIgnorePatterns: ['/vendor/'] } } },
    { title: 'no compiler', manifest: { jest: { rootDir: 'src' } } },
    { title: 'ESM', manifest: { type: 'module', jest: { transform: {} } } },
  ])("keeps Jest's settings that have $title", ({ manifest }) => {
    const { files, changed } = run({
      ...starterFiles(),
      'package.json': JSON.stringify(manifest),
      'test/jest-e2e.json': JSON.stringify(manifest.jest),
    });

    expect(manifestOf(files).jest).toEqual(manifest.jest);
    expect(changed.includes('test/jest-e2e.json')).toBe(false);
  });

  it('appends only the variables that .env.example lacks', () => {
    const files = { ...starterFiles(), '.env.example': 'PORT=3000\n# GEMINI_API_KEY=\nexport GEMINI_WEBHOOK_SECRET=x' };
    const text = run(files).files['.env.example']!;

    expect(text.startsWith(`${files['.env.example']}\n\n# `)).toBe(true);
    expect(text.match(/^\w+=.*$/gm)).toEqual(['PORT=3000', 'GEMINI_WEBHOOK_PUBLIC_URL=']);
  });

  it('keeps an existing gemini-events.ts, and says what is left to do', () => {
    const files = { ...starterFiles(), 'src/gemini-events.ts': 'export class Mine {}\n' };
    const { changed, warnings, files: after } = run(files, { tests: true });

    expect(changed).toEqual(['.env.example', 'package.json', 'src/app.module.ts']);
    expect(after['src/app.module.ts']).toContain('providers: [AppService],');
    expect(warnings).toEqual([expect.stringContaining('src/gemini-events.ts exists and was not changed')]);
  });

  it('wires an app whose settings for end-to-end tests are not JSON', () => {
    const files = { ...starterFiles({ type: '' }), 'test/jest-e2e.json': '{ /* ours */ }' };

    expect(run(files).changed).toEqual(['.env.example', 'package.json', 'src/app.module.ts', 'src/gemini-events.ts']);
  });

  it("writes in the style of the root module's file", () => {
    const files = starterFiles();
    files['src/app.module.ts'] = moduleFile()
      .replaceAll("'", '"')
      .replaceAll(';', '')
      .replaceAll('  ', '\t')
      .replaceAll('\n', '\r\n');
    const after = run(files, { tests: true }).files;

    expect(after['src/app.module.ts']).toContain('import { GeminiEvents } from "./gemini-events.js"\r\n\r\n@Module');
    for (const path of ['src/app.module.ts', 'src/gemini-events.ts', 'src/gemini-events.spec.ts']) {
      expect(after[path]).not.toMatch(/'|;\r\n|(?<!\r)\n|^ /m);
    }
    expect(after['src/gemini-events.ts']).toContain('\r\n\t@OnGeminiEvent("batch.succeeded")\r\n');
  });
});

describe('nest add in a monorepo', () => {
  const files = {
    'package.json': '{ "dependencies": {} }',
    'nest-cli.json': JSON.stringify({
      monorepo: true,
      sourceRoot: 'apps/web/src',
      projects: {
        web: { type: 'application', entryFile: 'main', sourceRoot: 'apps/web/src' },
        worker: { type: 'application', entryFile: 'worker.js', sourceRoot: 'apps/worker/src' },
        shared: { type: 'library', entryFile: 'index', sourceRoot: 'libs/shared/src' },
      },
    }),
    'apps/web/src/main.ts': mainFile(),
    'apps/web/src/app.module.ts': moduleFile(),
    'apps/worker/src/worker.ts': mainFile('').replace('create(', 'createApplicationContext('),
    'apps/worker/src/app.module.ts': moduleFile(''),
    'libs/shared/src/index.ts': '',
  };

  it.each([
    { title: 'the default app', options: {}, app: 'web' },
    { title: 'the named project', options: { project: 'worker', sourceRoot: 'apps/worker/src' }, app: 'worker' },
    { title: 'the project that was chosen from the list', options: { sourceRoot: 'apps/worker/src' }, app: 'worker' },
  ])('wires $title', ({ options, app }) => {
    expect(run(files, options).changed).toEqual([
      '.env.example',
      `apps/${app}/src/app.module.ts`,
      `apps/${app}/src/gemini-events.ts`,
      'package.json',
    ]);
  });

  it('wires one app after another', () => {
    const first = run(files, { project: 'web' });

    expect(run(first.files, { project: 'worker' }).changed).toEqual([
      'apps/worker/src/app.module.ts',
      'apps/worker/src/gemini-events.ts',
    ]);
  });

  it.each([
    { options: { project: 'shared' }, message: '"shared" is a library' },
    { options: { project: 'wrok' }, message: 'no project "wrok". Its projects: web, worker, shared.' },
  ])('changes nothing for $options', ({ options, message }) => {
    const { changed, warnings } = run(files, options);

    expect(changed).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(message)]);
  });
});

describe('nest add on an app that it cannot wire', () => {
  const main = mainFile();
  const root = moduleFile();

  it.each<{ title: string; given: Record<string, string>; message: string }>([
    {
      title: 'a module that is called with forRootAsync elsewhere',
      given: {
        'src/hooks.module.ts':
          "import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';\nexport const hooks = GeminiWebhooksModule.forRootAsync({});",
      },
      message: 'src/hooks.module.ts imports GeminiWebhooksModule already',
    },
    { title: 'no main file', given: { 'nest-cli.json': '{ "entryFile": "start" }' }, message: 'src/start.ts does not' },
    {
      title: 'a nest-cli.json that is not JSON',
      given: { 'nest-cli.json': '{' },
      message: 'nest-cli.json is not valid',
    },
    { title: 'a package.json that is not JSON', given: { 'package.json': '{' }, message: 'package.json is not valid' },
    { title: 'no NestFactory', given: { 'src/main.ts': 'start();' }, message: 'does not call NestFactory.create' },
    {
      title: 'a module that is made by a call',
      given: { 'src/main.ts': main.replace('(AppModule)', '(AppModule.register())') },
      message: 'src/main.ts starts AppModule.register(), which is not the name of a class.',
    },
    {
      title: 'two modules',
      given: { 'src/main.ts': `${main}NestFactory.create(Other);` },
      message: 'starts several modules: AppModule, Other.',
    },
    {
      title: 'a path alias',
      given: { 'src/main.ts': main.replace('./app.module.js', '@app/app.module') },
      message: 'imports AppModule from "@app/app.module", which is not a file beside it',
    },
    {
      title: 'a module that is not imported',
      given: { 'src/main.ts': main.replace('{ AppModule }', '{ Other }') },
      message: 'src/main.ts does not import AppModule',
    },
    {
      title: 'a class that is exported again',
      given: { 'src/app.module.ts': "export { AppModule } from './other.js';" },
      message: 'src/app.module.ts does not declare the class AppModule',
    },
    {
      title: 'a class without @Module',
      given: { 'src/app.module.ts': 'export class AppModule {}' },
      message: 'AppModule does not have exactly one @Module()',
    },
    {
      title: 'a class with two @Module',
      given: { 'src/app.module.ts': root.replace('export class', '@Module({})\nexport class') },
      message: 'AppModule does not have exactly one @Module()',
    },
    {
      title: 'metadata in a variable',
      given: {
        'src/app.module.ts': "import { Module } from '@nestjs/common';\n@Module(metadata) export class AppModule {}",
      },
      message: 'the argument of @Module is not an object literal',
    },
    {
      title: 'imports in a variable',
      given: { 'src/app.module.ts': root.replace('imports: []', 'imports') },
      message: 'imports of @Module is not an array literal',
    },
    {
      title: 'providers that a call returns',
      given: { 'src/app.module.ts': root.replace('[AppService]', 'all().concat([])') },
      message: 'providers of @Module is not an array literal',
    },
    {
      title: 'metadata that may come from a spread object',
      given: { 'src/app.module.ts': root.replace('imports: []', '...metadata') },
      message: '@Module takes imports from "...metadata", if at all',
    },
    {
      title: 'a key in brackets',
      given: { 'src/app.module.ts': root.replace('imports: []', "['imports']: [Other]") },
      message: "@Module has the key ['imports']",
    },
    {
      title: 'a syntax error',
      given: { 'src/app.module.ts': root.replace('imports: []', 'imports: [Other }') },
      message: 'src/app.module.ts has syntax errors',
    },
    {
      title: 'another class with the name of the handlers',
      given: { 'src/app.module.ts': `${root}class GeminiEvents {}` },
      message: 'src/app.module.ts uses the name GeminiEvents already',
    },
  ])('changes nothing if there is $title', ({ given, message }) => {
    const { changed, warnings, infos, tasks } = run({ ...starterFiles(), ...given });

    expect(changed).toEqual([]);
    expect([...warnings, ...infos]).toEqual([expect.stringContaining(message)]);
    expect(tasks).toEqual([]);
  });

  it('says how to add the module by hand', () => {
    const { warnings } = run({ ...starterFiles(), 'src/main.ts': '' });

    expect(warnings.join()).toContain('put GeminiWebhooksModule.forRoot() in the imports of your root module');
  });

  it('changes nothing for an unknown inbox or without a compiler', () => {
    const tree = new MemoryTree(starterFiles());
    const context = new RecordingContext();
    nestAdd({}, () => {
      throw new CannotWire('The app has no TypeScript compiler.');
    })(tree, context);

    expect(tree.files).toEqual(starterFiles());
    expect(context.warnings).toEqual([
      expect.stringContaining('The app has no TypeScript compiler. Nothing was changed.'),
    ]);
    expect(run(starterFiles(), { inbox: 'kafka' })).toMatchObject({
      changed: [],
      warnings: [
        expect.stringContaining('--inbox kafka is not an inbox. Give one of: inline, bullmq-redis, bullmq-postgres.'),
      ],
    });
  });

  it('does not take a test or a declaration of the module for an import of the app', () => {
    const text = "import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';";
    const { changed } = run({
      ...starterFiles(),
      'src/a.spec.ts': text,
      'src/b.d.ts': text,
      'src/c.e2e-spec.ts': text,
    });

    expect(changed).toContain('src/app.module.ts');
  });
});
