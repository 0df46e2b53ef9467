import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { GEMINI_EVENTS } from '../lib/events/event-catalogue.js';
import { OPTION_NAMES } from '../lib/config/gemini-webhooks.config.js';
import { ENVIRONMENT_NAMES } from '../lib/config/gemini-webhooks.environment.js';
import { ROUTE_OPTION_NAMES } from '../lib/config/gemini-webhooks.route.js';
import { PROBLEMS } from '../lib/problem.js';
import { docTable as table } from './support/doc-table.js';

const ROOT = join(import.meta.dirname, '..');
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

describe('the tables of README and docs', () => {
  it('list every option', () => {
    const listed = table('docs/options.md', 'option').map(([option]) => /^`(\w+)/.exec(option!)?.[1]);

    expect(listed.toSorted()).toEqual([...ROUTE_OPTION_NAMES, ...OPTION_NAMES].toSorted());
  });

  it('list every option of bullmqInbox', () => {
    const [options] = /interface BullmqInboxOptions \{[^]*?\n\}/.exec(read('lib/bullmq/bullmq-inbox.options.ts'))!;
    const listed = table('docs/inbox.md', 'option of the inbox').map(([option]) => option!.replaceAll('`', ''));

    expect(listed.toSorted()).toEqual(
      [...options.matchAll(/^  readonly (\w+)\?:/gm)].map(([, name]) => name!).toSorted(),
    );
  });

  it('list every environment variable beside its option', () => {
    const listed = table('docs/options.md', 'option').flatMap(
      ([, , environment]) => environment!.match(/[A-Z]+(_[A-Z]+)+/g) ?? [],
    );

    expect(new Set(listed)).toEqual(new Set([...ENVIRONMENT_NAMES, 'GEMINI_WEBHOOK_PATH']));
  });

  it('list every refusal with its status', () => {
    const listed = table('docs/answers.md', 'answer')
      .filter(([, code]) => code !== '')
      .map(([status, code]) => [code!.replaceAll('`', ''), Number(status)]);

    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])),
    );
  });

  it('list every event of the catalogue with its resource, its source, and whether it can be subscribed to', () => {
    const listed = table('docs/handlers.md', 'event').map(([event, about, origin, subscribable]) => {
      const [type, ...sentAs] = [...event!.matchAll(/`([\w.]+)`/g)].map(([, name]) => name!);
      const from = origin === 'this module' ? 'module' : origin?.toLowerCase();
      return [type, { kind: about, origin: from, subscribable: subscribable === 'yes', sentAs }];
    });

    expect(Object.fromEntries(listed)).toEqual(GEMINI_EVENTS);
  });

  it('contain the Jest setting that the test of a CommonJS app uses', () => {
    const config = JSON.parse(
      readFileSync(join(ROOT, 'test', 'package', 'hosts', 'nest-11-cjs', 'jest.config.json'), 'utf8'),
    ) as { readonly transformIgnorePatterns: string[] };
    const [, line] = /^transformIgnorePatterns: \['(.+)'\],$/m.exec(read('docs/testing.md')) ?? [];

    expect([line?.replaceAll('\\\\', '\\')]).toEqual(config.transformIgnorePatterns);
  });

  it('name existing tests in the threat model', () => {
    const tests = table('.github/SECURITY.md', 'threat').flatMap(([, , test]) => test!.match(/test\/[\w./-]+/g) ?? []);

    expect(tests.length).toBeGreaterThan(15);
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('link only to existing pages and headings', () => {
    const broken = pages().flatMap((page) =>
      linksOf(page)
        .filter((link) => !isThere(page, link))
        .map((link) => `${page}: ${link}`),
    );

    expect(broken).toEqual([]);
  });

  it('link only to files of the package', () => {
    const { files } = JSON.parse(read('package.json')) as { readonly files: string[] };
    const targets = pages().flatMap((page) =>
      linksOf(page).map((link) => relative(ROOT, join(ROOT, dirname(page), link.split('#')[0]!)).split('/')[0]!),
    );

    expect([...new Set(targets)].filter((target) => !['', 'README.md', ...files].includes(target))).toEqual([]);
  });

  it('give a reason for every dependency', () => {
    const listed = table('README.md', 'package').map(([name]) => name!.replaceAll('`', ''));

    expect(listed.toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });
});

function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => `docs/${name}`)];
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Returns the relative links of a page, images included. */
function linksOf(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

function isThere(page: string, link: string): boolean {
  const [path, heading] = link.split('#') as [string, string?];
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  return heading === undefined || headingsOf(target).includes(heading);
}

/** Returns a page's headings as GitHub writes them in links. */
function headingsOf(page: string): string[] {
  const text = read(page).replaceAll(/^```[^]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
