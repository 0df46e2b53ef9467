import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './tiers.js';

/** Builds lib if the build is out of date, because separate processes run the built package. */
export function buildWhatIsStale() {
  const built = join(ROOT, 'dist', 'index.js');
  const lib = join(ROOT, 'lib');
  const sources = [
    ...readdirSync(lib, { recursive: true }).map((file) => join(lib, file)),
    join(ROOT, '.config', 'bundle.js'),
  ];
  const changedAt = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > changedAt) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
}
