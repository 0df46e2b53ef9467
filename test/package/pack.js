import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWhatIsStale } from '../jest/built.js';
import { findMysql, findPostgres } from '../jest/find-servers.js';

/** Packs the package once for all its tests, building it only if it is stale, and finds the servers that some of them need. */
export default async function pack() {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-gemini-webhooks-'));
  buildWhatIsStale();
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { stdio: 'pipe' });
  const [tarball] = readdirSync(directory);
  process.env.PACKED_TARBALL = join(directory, tarball);
  await findPostgres();
  await findMysql();
}
