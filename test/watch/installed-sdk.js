import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = join('node_modules', '@google', 'genai');
const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=dev'];
const TIMEOUT_MS = 300_000;

/** Installs a version or tag of `@google/genai` in a temporary folder. `remove` deletes that folder. */
export function installSdk(version) {
  const folder = mkdtempSync(join(tmpdir(), 'newest-genai-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    execFileSync('npm', [...INSTALL, `@google/genai@${version}`], { cwd: folder, stdio: 'pipe', timeout: TIMEOUT_MS });
  } catch (error) {
    remove();
    throw new Error(`@google/genai@${version} could not be installed: ${error.stderr || error.message}`, {
      cause: error,
    });
  }
  return { folder: join(folder, PACKAGE), remove };
}

/** The copy that this repository develops with. */
export function ownSdk(root) {
  return { folder: join(root, PACKAGE), remove: () => undefined };
}
