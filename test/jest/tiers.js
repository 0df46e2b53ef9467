import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Tiers by folder. Files elsewhere are in `stores` if they need a server, and otherwise in `fast`. */
const FOLDERS = ['chaos', 'sample', 'package'];

export const TIERS = ['fast', 'stores', ...FOLDERS];

/** Variables in which `find-servers.js` reports servers. A file that reads one needs that server. */
const FOUND = /\bTEST_[A-Z]+_(?:URL|PATH)\b/;
const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g;

/** The tests of a tier, as paths from the root of the repository. */
export function specsOf(tier) {
  return specs().filter((spec) => tierOf(spec) === tier);
}

/** The tier of one test. */
export function tierOf(spec) {
  const folder = FOLDERS.find((name) => spec.startsWith(`test/${name}/`));
  return folder ?? (needsServer(spec) ? 'stores' : 'fast');
}

function specs() {
  const isSpec = (file) => file.endsWith('.spec.ts') && !file.startsWith('package/hosts/');
  return readdirSync(join(ROOT, 'test'), { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(isSpec)
    .map((file) => `test/${file}`)
    .toSorted();
}

function needsServer(spec) {
  const seen = new Set([spec]);
  for (const file of seen) {
    const { imports, isServer } = read(file);
    if (isServer) return true;
    for (const one of imports) seen.add(one);
  }
  return false;
}

const files = new Map();

/** Returns the imports of a file from `test`, and whether it reads one of these variables. */
function read(file) {
  if (!files.has(file)) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const imports = [...text.matchAll(IMPORT)]
      .map(([, path]) => join(dirname(file), path))
      .filter((path) => path.startsWith('test'))
      .map((path) => [path, path.replace(/\.js$/, '.ts')].find((one) => existsSync(join(ROOT, one))))
      .filter((path) => path !== undefined);
    files.set(file, { imports, isServer: FOUND.test(text) });
  }
  return files.get(file);
}
