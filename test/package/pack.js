import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres } from '../jest/find-servers.js';

/** Packs the package once as for publishing, and finds the PostgreSQL that some tests need. */
export default async function pack() {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-gemini-webhooks-'));
  execFileSync('npm', ['pack', '--pack-destination', directory], { stdio: 'pipe' });
  const [tarball] = readdirSync(directory);
  process.env.PACKED_TARBALL = join(directory, tarball);
  await findPostgres();
}
