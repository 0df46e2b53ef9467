import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** A command as called by the shell. */
export interface TypedCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables that the example has set before the call. */
  readonly env: Readonly<Record<string, string>>;
}

/** Replacements for programs that a test cannot or should not run. */
const STAND_INS = ['npm', 'npx', 'curl', 'esbuild', 'ffmpeg'];

const STAND_IN = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const { basename } = require('node:path');
const { TYPED_COMMANDS: file, PATH, PWD, SHLVL, OLDPWD, _, ...env } = process.env;
const [, path, ...args] = process.argv;
appendFileSync(file, JSON.stringify({ program: basename(path), args, env }) + '\\n');
`;

/**
 * Runs an example in a shell as a reader would paste it, with programs that only record how they were called.
 *
 * @param where the working directory, a new one unless given, and variables that are set beforehand
 */
export async function typedCommands(
  example: string,
  { folder, env = {} }: { readonly folder?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<TypedCommand[]> {
  const home = await mkdtemp(join(tmpdir(), 'example-'));
  try {
    const [bin, typed] = [join(home, 'bin'), join(home, 'typed')];
    await mkdir(bin);
    await writeFile(join(bin, 'package.json'), '{ "type": "commonjs" }');
    for (const name of STAND_INS) await writeFile(join(bin, name), STAND_IN, { mode: 0o755 });
    await writeFile(typed, '');
    await promisify(execFile)('sh', ['-euc', example], {
      cwd: folder ?? home,
      env: { ...env, PATH: bin + delimiter + process.env['PATH'], TYPED_COMMANDS: typed },
    });
    const lines = (await readFile(typed, 'utf8')).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TypedCommand);
  } finally {
    await rm(home, { recursive: true });
  }
}
