import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELP } from '../../sample/showcase/options.js';
import { FAULT_NAMES } from '../../sample/showcase/page-api.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const ROOT = join(import.meta.dirname, '..', '..');
const page = new ExamplePage('docs/sample.md');
const sh = { language: 'sh' };

// The behaviour of the demo is tested in test/sample/showcase-*.
describe('docs/sample.md', () => {
  page.example(
    'Running it',
    'installs and starts the demo',
    async (example) => {
      const commands = await typedCommands(example.text());

      expect(commands.map(({ program, args }) => [program, ...args].join(' '))).toEqual(['npm ci', 'npm run demo']);
    },
    sh,
  );

  for (const heading of ['On your own PostgreSQL', 'With the real API'])
    page.example(
      heading,
      'starts the demo with variables that it reads',
      async (example) => {
        const [demo, ...others] = await typedCommands(example.text());

        expect({ args: demo!.args, others }).toEqual({ args: ['run', 'demo'], others: [] });
        expect(Object.keys(demo!.env).length).toBeGreaterThan(0);
        for (const name of Object.keys(demo!.env)) expect(HELP).toContain(name);
      },
      sh,
    );

  it('describes every fault by the name that the page shows', () => {
    const [, table = ''] = readFileSync(join(ROOT, 'docs', 'sample.md'), 'utf8').split('## Faults');
    const words = readFileSync(join(ROOT, 'sample', 'showcase', 'public', 'words.js'), 'utf8');
    const names = [...words.matchAll(/\bname: '(.+?)'/g)].map(([, name]) => name!.replace('’', "'"));

    expect(names).toHaveLength(FAULT_NAMES.length);
    expect(names.filter((name) => !table.includes(`| ${name} |`))).toEqual([]);
  });

  it('mentions only files of the showcase', () => {
    const [, text = ''] = readFileSync(join(ROOT, 'docs', 'sample.md'), 'utf8').split('## How it is built');
    const named = [...text.matchAll(/`([\w.-]+\.(?:ts|js))`/g)].map(([, name]) => name!);
    const files = readdirSync(join(ROOT, 'sample', 'showcase'));

    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !files.includes(name) && name !== 'main.ts')).toEqual([]);
  });

  page.everyExampleIsRun();
});
