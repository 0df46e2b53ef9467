import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packs the package once, as publishing does, for all tests of it. */
export default function pack() {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-gemini-webhooks-'));
  execFileSync('npm', ['pack', '--pack-destination', directory], { stdio: 'pipe' });
  const [tarball] = readdirSync(directory);
  process.env.PACKED_TARBALL = join(directory, tarball);
}
