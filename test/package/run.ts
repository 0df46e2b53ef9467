import { execFile } from 'node:child_process';

/** Path of the file that `pack.js` packed. */
export function tarball(): string {
  const path = process.env['PACKED_TARBALL'];
  if (path === undefined) throw new Error('nothing was packed');
  return path;
}

/** Runs a command and returns its output. The environment does not contain our settings. */
export function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|JEST|NODE_(ENV|OPTIONS))/.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}
