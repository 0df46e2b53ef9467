import { rmSync } from 'node:fs';
import { dirname } from 'node:path';

export default function unpack() {
  rmSync(dirname(process.env.PACKED_TARBALL), { recursive: true, force: true });
}
