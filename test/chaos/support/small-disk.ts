import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * Mounts a file system in memory that can be filled. Returns `undefined` where this process may not mount one, as root or
 * with sudo.
 */
export function mountDisk(folder: string, megabytes = 160): string | undefined {
  const owner = process.getuid && process.getgid ? `,uid=${process.getuid()},gid=${process.getgid()}` : '';
  return asRoot('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m${owner}`, 'tmpfs', folder) ? folder : undefined;
}

export function unmountDisk(folder: string): void {
  asRoot('umount', folder);
}

/** Writes to the file until there is no room for another byte. */
export function fill(file: string): void {
  for (const bytes of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** Returns false if the command failed. */
function asRoot(...command: readonly string[]): boolean {
  const [program, ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  try {
    execFileSync(program!, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
