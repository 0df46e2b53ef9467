import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../../sample/showcase/options.js';
import { cli } from '../support/cli.js';
import { pages, textOf } from '../support/code-blocks.js';
import { libFiles } from '../support/lib-sources.js';

const ROOT = join(import.meta.dirname, '..', '..');
const sources = [...pages(), 'CHANGELOG.md', ...libFiles().map((file) => `lib/${file}`)];
const commands = sources.flatMap((file) => typedIn(file, /npx nestjs-gemini-webhooks ([a-z-][^`|)\n]*)/g));
const scripts = sources.flatMap((file) => typedIn(file, /npm run ([a-z][^`|&#)\n]*)/g));

describe('the docs', () => {
  it.each(pages())('have tests for the examples of %s', (page) => {
    const name = page
      .replace(/^docs\//, '')
      .replace(/\.md$/, '')
      .toLowerCase();

    expect(existsSync(join(import.meta.dirname, `${name}.spec.ts`))).toBe(true);
  });

  it('mention only existing commands and options', async () => {
    const wrong: string[] = [];
    for (const { file, words } of commands) {
      const [command = '', ...rest] = words;
      const path = command.startsWith('-')
        ? []
        : [command, ...rest.slice(0, 1).filter((word) => /^[a-z]+$/.test(word))];
      const { code, out } = await cli(path.length === 0 ? [command] : [...path, '--help']);
      const options = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]!);
      const unknown = options.filter((option) => !new RegExp(`${option}\\b`).test(out));
      if (code !== 0 || unknown.length > 0) wrong.push(`${file}: ${words.join(' ')}`);
    }

    expect(commands.length).toBeGreaterThan(25);
    expect(wrong).toEqual([]);
  });

  it('mention only existing scripts and options of the demo', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const isThere = ({ words: [script = '', dashes, ...options] }: Typed) =>
      script in manifest.scripts &&
      (dashes === undefined ||
        (script === 'bench' && existsSync(join(ROOT, 'test', 'bench', `${options[0]}.js`))) ||
        (script === 'sample' && existsSync(join(ROOT, 'sample', options[0]!, 'main.ts'))) ||
        (script === 'demo' && dashes === '--' && Boolean(readOptions(options))));

    expect(scripts.length).toBeGreaterThan(10);
    expect(scripts.filter((script) => !isThere(script))).toEqual([]);
  });
});

interface Typed {
  readonly file: string;
  readonly words: readonly string[];
}

/** Returns the arguments after every mention of the program in a file, including continued lines. */
function typedIn(file: string, command: RegExp): Typed[] {
  const text = textOf(file).replaceAll(/\\+\n\s*/g, '');
  return [...text.matchAll(command)].map(([, typed]) => ({ file, words: typed!.trim().split(/\s+/) }));
}
