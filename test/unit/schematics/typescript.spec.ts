import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTypeScript } from '../../../lib/schematics/typescript.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'schematic-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function install(name: string, code: string, ...within: string[]): void {
  const folder = join(directory, ...within, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
  writeFileSync(join(folder, 'index.js'), code);
}

const COMPILER = "exports.createSourceFile = exports.getDecorators = () => {}; exports.version = '";

describe('the compiler', () => {
  it("is the app's", () => {
    install('typescript', `${COMPILER}of the app';`);

    expect(loadTypeScript(directory).version).toBe('of the app');
  });

  it("is the Nest CLI's when the app's has no API", () => {
    install('typescript', "exports.version = 'native';");
    install('@nestjs/cli', '');
    install('typescript', `${COMPILER}of the CLI';`, 'node_modules', '@nestjs', 'cli');

    expect(loadTypeScript(directory).version).toBe('of the CLI');
  });

  it('is missed with an error that says what to install', () => {
    expect(() => loadTypeScript(directory)).toThrow(/no TypeScript compiler with an API: run "npm install/);
  });
});
