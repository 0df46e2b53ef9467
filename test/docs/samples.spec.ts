import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../support/code-blocks.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const SAMPLES = ['batch', 'long-video', 'deep-research', 'durable', 'static-webhook'];

const page = new ExamplePage('sample/README.md');
const sh = { language: 'sh' };

// The behaviour of the samples is tested in test/sample.
describe('sample/README.md', () => {
  page.example(
    'On the simulator',
    'installs and runs a sample',
    async (example) => {
      expect((await typedCommands(example.text())).map(commandLine)).toEqual(['npm ci', 'npm run sample -- batch']);
    },
    sh,
  );

  page.example(
    'On the real API',
    'runs a sample with the variables that the package reads',
    async (example) => {
      const [command, ...others] = await typedCommands(example.text());

      expect(others).toEqual([]);
      expect(commandLine(command!)).toBe('npm run sample -- batch');
      expect(Object.keys(command!.env)).toEqual(['GEMINI_API_KEY', 'GEMINI_WEBHOOK_PUBLIC_URL']);
    },
    sh,
  );

  page.example(
    'Restarts',
    'names a run and a durable inbox',
    async (example) => {
      const [command] = await typedCommands(example.text());

      expect(commandLine(command!)).toBe('npm run sample -- long-video fox');
      expect(Object.keys(command!.env)).toEqual(['GEMINI_WEBHOOK_INBOX_URL']);
    },
    sh,
  );

  page.elsewhere('Restarts', 'test/sample/samples.e2e.spec.ts', { ...sh, nth: 2 });

  page.everyExampleIsRun();

  it.each(SAMPLES)('states how many lines %s has, between 25 and 90', (name) => {
    const lines = linesOf(name);
    const row = textOf('sample/README.md')
      .split('\n')
      .find((line) => line.startsWith(`| [${name}](${name})`));

    expect(lines).toBeGreaterThanOrEqual(25);
    expect(lines).toBeLessThanOrEqual(90);
    expect(row).toContain(`\`npm run sample -- ${name}\``);
    expect(row).toMatch(new RegExp(`\\| ${lines} \\|$`));
  });
});

function commandLine({ program, args }: { readonly program: string; readonly args: readonly string[] }): string {
  return [program, ...args].join(' ');
}

function linesOf(name: string): number {
  const folder = join(import.meta.dirname, '..', '..', 'sample', name);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  return files.reduce((sum, file) => sum + readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length, 0);
}
