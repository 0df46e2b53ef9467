import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GEMINI_EVENTS } from '../lib/events/event-catalogue.js';
import { OPTION_NAMES } from '../lib/gemini-webhooks.config.js';
import { ENVIRONMENT_NAMES } from '../lib/gemini-webhooks.environment.js';
import { ROUTE_OPTION_NAMES } from '../lib/gemini-webhooks.route.js';
import { PROBLEMS } from '../lib/problem.js';

const ROOT = join(import.meta.dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

describe('the README', () => {
  it('lists every option', () => {
    const listed = table('option').map(([option]) => /^`(\w+)/.exec(option!)?.[1]);

    expect(listed.toSorted()).toEqual([...ROUTE_OPTION_NAMES, ...OPTION_NAMES].toSorted());
  });

  it('lists every environment variable beside its option', () => {
    const listed = table('option').flatMap(([, , environment]) => environment!.match(/[A-Z]+(_[A-Z]+)+/g) ?? []);

    expect(new Set(listed)).toEqual(new Set([...ENVIRONMENT_NAMES, 'GEMINI_WEBHOOK_PATH']));
  });

  it('lists every refusal with its status', () => {
    const listed = table('answer')
      .filter(([, code]) => code !== '')
      .map(([status, code]) => [code!.replaceAll('`', ''), Number(status)]);

    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])),
    );
  });

  it('lists every event of the catalogue, what it is about, and whether it can be subscribed to', () => {
    const listed = table('event').map(([event, about, subscribable]) => {
      const [type, ...sentAs] = [...event!.matchAll(/`([\w.]+)`/g)].map(([, name]) => name!);
      return [type, { kind: about, subscribable: subscribable === 'yes', sentAs }];
    });

    expect(Object.fromEntries(listed)).toEqual(GEMINI_EVENTS);
  });

  it('gives a reason for every dependency', () => {
    const listed = table('package').map(([name]) => name!.replaceAll('`', ''));

    expect(listed.toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });
});

/** The rows of the table whose first column has this head. */
function table(head: string): string[][] {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`)) + 2;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith('|'));
  return lines.slice(start, end).map((line) =>
    line
      .replaceAll('\\|', '¦')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
