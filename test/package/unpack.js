import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import stopServers from '../jest/stop-servers.js';

export default async function unpack() {
  await stopServers();
  rmSync(dirname(process.env.PACKED_TARBALL), { recursive: true, force: true });
}
