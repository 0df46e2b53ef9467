import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { exportedNames } from '../support/docstring-examples.js';
import { Host } from './host.js';

const MAX_FILES = 85;
const MAX_KB = 1450;
/** The app has no durable inbox. */
const OF_AN_OPTIONAL_PEER = /^Cannot find module '(?:bullmq|ioredis|pg)'/;

describe('what npm installs', () => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.withoutPeers();
  });

  it('is this package, jose and path-to-regexp, which Nest installs too', () => {
    const packages = readdirSync(join(host.directory, 'node_modules')).filter((name) => !name.startsWith('.'));

    expect(packages.toSorted()).toEqual(['jose', 'nestjs-gemini-webhooks', 'path-to-regexp']);
  });

  it(`is at most ${MAX_FILES} files and ${MAX_KB} kB`, () => {
    const files = readdirSync(host.installed, { recursive: true, encoding: 'utf8' })
      .map((file) => statSync(join(host.installed, file)))
      .filter((file) => file.isFile());

    expect(files.length).toBeLessThanOrEqual(MAX_FILES);
    expect(files.reduce((bytes, { size }) => bytes + size, 0) / 1000).toBeLessThanOrEqual(MAX_KB);
  });

  it('states the license of each package that is part of the build', () => {
    const notices = readFileSync(join(host.installed, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');

    const stated = [...notices.matchAll(/^([\w@/-]+) \d+\.\d+\.\d+ \([\w.-]+\)$/gm)].map(([, name]) => name!);
    const [, bundled = ''] = /^Also part of the package([^]*?)\n\n/m.exec(readFileSync('README.md', 'utf8')) ?? [];

    expect(stated).toEqual(['commander', 'lru-cache', 'tinyqueue', 'tslib']);
    expect([...bundled.matchAll(/`([^`]+)`\s+for/g)].map(([, name]) => name)).toEqual(stated);
    expect(notices).toContain('Permission is hereby granted');
    expect(notices).toContain('Blue Oak Model License');
  });
});

describe('the build in an app', () => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.install('nest-12-esm');
  });

  it.each([
    ['nestjs-gemini-webhooks', 'index.ts'],
    ['nestjs-gemini-webhooks/bullmq', 'bullmq/index.ts'],
    ['nestjs-gemini-webhooks/testing', 'testing/index.ts'],
  ])('exports from %s exactly what %s exports', async (entryPoint, source) => {
    const exported = await printed<string[]>(host, `Object.keys(await import('${entryPoint}'))`);

    expect(exported).toEqual(
      exportedNames(source)
        .filter((name) => !name.startsWith('type '))
        .toSorted(),
    );
  });

  it.each([
    ['testing', 'signGeminiDelivery', "{ event: {}, scheme: 'v1a', privateKey: await rsaKey() }", 'invalid_argument'],
    ['bullmq', 'bullmqInbox', "{ url: 'ftp://127.0.0.1' }", 'invalid_option'],
  ])('throws errors of the main entry point from ./%s', async (entryPoint, name, options, code) => {
    const error = await printed<object>(
      host,
      errorOf(entryPoint, name, options, '[error instanceof GeminiWebhooksError, error.code]'),
    );

    expect(error).toEqual([true, code]);
  });

  it('has typings in which the compiler finds no error, without skipLibCheck', () => {
    const dist = join(host.installed, 'dist');
    const program = ts.createProgram(
      ['index', 'bullmq/index', 'testing/index'].map((name) => join(dist, `${name}.d.ts`)),
      { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, strict: true, noEmit: true, types: ['node'] },
    );
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.includes('nestjs-gemini-webhooks/dist/'));
    const findings = ours.flatMap((file) => program.getSemanticDiagnostics(file));

    expect(ours.length).toBeGreaterThanOrEqual(3);
    const messages = findings.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
    expect(messages.filter((message) => !OF_AN_OPTIONAL_PEER.test(message))).toEqual([]);
  });

  it('names the line of the TypeScript source in a stack trace with --enable-source-maps', async () => {
    const stack = await printed<string>(
      host,
      errorOf(
        'testing',
        'signGeminiDelivery',
        "{ event: {}, scheme: 'v1a', privateKey: await rsaKey() }",
        'error.stack',
      ),
      '--enable-source-maps',
    );

    const frames = [...stack.matchAll(/at (\w+)\S* .*?lib\/(testing\/[\w-]+\.ts):(\d+)/g)];
    expect(frames.map(([, name]) => name)).toEqual(['invalidArgument', 'privateKeyEntry', 'signGeminiDelivery']);
    expect(frames.map(([, , file, line]) => sourceLine(file!, Number(line)))).toEqual([
      expect.stringContaining('new GeminiWebhooksError('),
      expect.stringContaining('throw invalidArgument('),
      expect.stringContaining('privateKeyEntry('),
    ]);
  });

  it('keeps the name of each class', () => {
    const declared = textBelow('lib', '.ts').matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm);
    const built = new Set(
      [...textBelow(join(host.installed, 'dist'), '.js').matchAll(/\bclass ([A-Z][\w$]*)/g)].map(([, name]) => name!),
    );

    expect(built.size).toBeGreaterThan(100);
    expect([...declared].map(([, name]) => name!).filter((name) => !built.has(name))).toEqual([]);
    expect([...built].filter((name) => name.includes('$'))).toEqual([]);
  });
});

function textBelow(directory: string, ending: string): string {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending));
  return files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
}

/** An expression of what is caught when a function of an entry point throws. */
function errorOf(entryPoint: string, name: string, options: string, wanted: string): string {
  return `await (async () => {
    const { GeminiWebhooksError } = await import('nestjs-gemini-webhooks');
    const { ${name} } = await import('nestjs-gemini-webhooks/${entryPoint}');
    const rsaKey = async () => (await import('node:crypto')).generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    try { const made = ${name}(${options}); made({}); } catch (error) { return ${wanted}; }
  })()`;
}

async function printed<Result>(host: Host, expression: string, ...flags: string[]): Promise<Result> {
  const program = `import 'reflect-metadata';\nconsole.log(JSON.stringify(${expression}));`;
  return JSON.parse(await host.node(...flags, '--input-type=module', '-e', program)) as Result;
}

function sourceLine(file: string, line: number): string {
  return readFileSync(join('lib', file), 'utf8').split('\n')[line - 1] ?? '';
}
