import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What apps have that use this package. */
const IN_EVERY_APP = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', '@google/genai', 'jose', 'rxjs'];
const MAX_KB = 400;
const MAX_FILES = 120;

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const brought = closure(IN_EVERY_APP);
const added = [...closure(Object.keys(packages[''].dependencies))].filter((name) => !brought.has(name));
const sizes = [packed(), ...added.map(installed)].flat();
const kB = sizes.reduce((sum, size) => sum + size, 0) / 1000;

process.send([
  row('installed size', `${kB.toFixed(0)} kB`, `≤ ${MAX_KB} kB`, kB <= MAX_KB),
  row('installed files', String(sizes.length), `≤ ${MAX_FILES}`, sizes.length <= MAX_FILES),
]);

function row(what, value, target, met) {
  return { what, beside: ['Nest, the SDK, jose, rxjs', ...added].join(' + '), value, target, met };
}

/** The packages and what they install in turn. */
function closure(names) {
  const found = new Set(names);
  for (const name of found) {
    for (const one of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) found.add(one);
  }
  return found;
}

/** The size of each file of the package. */
function packed() {
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json'];
  const answer = JSON.parse(execFileSync('npm', args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }));
  const [{ files }] = Object.values(answer);
  return files.map(({ size }) => size);
}

function installed(name) {
  const folder = join('node_modules', name);
  return readdirSync(folder, { recursive: true })
    .map((file) => statSync(join(folder, file)))
    .filter((file) => file.isFile())
    .map(({ size }) => size);
}
