import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** A command as a shell has called it. */
export interface TypedCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The variables that the example has set by then. */
  readonly env: Readonly<Record<string, string>>;
}

/** What cannot or should not be run for a test, each in place of the program of that name. */
const STAND_INS = ['npm', 'npx', 'curl', 'esbuild', 'ffmpeg'];

const STAND_IN = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const { basename } = require('node:path');
const { TYPED_COMMANDS: file, PATH, PWD, SHLVL, OLDPWD, _, ...env } = process.env;
const [, path, ...args] = process.argv;
appendFileSync(file, JSON.stringify({ program: basename(path), args, env }) + '\\n');
`;

/**
 * Has a shell run an example as a reader would paste it, with programs that only note how they were called.
 *
 * @param where the folder that it is run in, one of its own unless given, and variables that are set beforehand
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
