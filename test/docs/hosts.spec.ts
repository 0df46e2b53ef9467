import { describe, expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

/** What test/package bundles with, for real. */
const bundled = readFileSync(join(import.meta.dirname, '../package/hosts/bundled/bundle.js'), 'utf8');
const page = new ExamplePage('docs/hosts.md');

// The hosts themselves are tested in test/package.
describe('docs/hosts.md', () => {
  page.example(
    'Bundlers',
    'bundles like the tests of the packed package',
    async (example) => {
      const [{ program, args } = { program: '', args: [] }] = await typedCommands(example.text());
      const values = (option: string) =>
        args.filter((arg) => arg.startsWith(option)).map((arg) => arg.slice(option.length + 1));
      const listed = [...values('--external'), ...values('--banner:js')];

      expect([program, args[0]]).toEqual(['esbuild', 'dist/main.js']);
      expect(args).toEqual(expect.arrayContaining(['--bundle', '--keep-names', '--platform=node', '--format=esm']));
      expect(listed).toHaveLength(5);
      expect(listed.filter((value) => !bundled.includes(value))).toEqual([]);
    },
    { language: 'sh' },
  );

  page.everyExampleIsRun();
});
