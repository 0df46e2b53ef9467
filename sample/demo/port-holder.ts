import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTENING = '0A';

/** Who listens on a port: `node (process 4711)` where Linux tells it, else `another program`. */
export async function portHolder(port: number): Promise<string> {
  try {
    const inodes = new Set([...(await listeners('tcp', port)), ...(await listeners('tcp6', port))]);
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
      if (await holds(pid, inodes)) return `${(await readFile(`/proc/${pid}/comm`, 'utf8')).trim()} (process ${pid})`;
  } catch {
    // Elsewhere than on Linux there is no such folder.
  }
  return 'another program';
}

/** The sockets that listen there, as the kernel numbers them. */
async function listeners(protocol: 'tcp' | 'tcp6', port: number): Promise<string[]> {
  const table = await readFile(`/proc/net/${protocol}`, 'utf8').catch(() => '');
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return local.endsWith(address) && state === LISTENING && inode ? [`socket:[${inode}]`] : [];
  });
}

/** Processes of others keep to themselves what they have open. */
async function holds(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  return targets.some((target) => sockets.has(target));
}
