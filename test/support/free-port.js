import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOWEST = 10_000;

/** Systems give ports from here on to outgoing connections, and to servers that ask for any port. */
export const SYSTEM_PORTS = 32_768;

const given = new Set();

/**
 * Finds a port for a server that starts later, or for none. Nothing else takes it meanwhile: it is below the ports that
 * the system gives away, and two processes hardly ever pick the same at random.
 */
export async function freePort(beyond = SYSTEM_PORTS) {
  for (;;) {
    const port = randomInt(LOWEST, beyond);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

/** Resolves with true if nothing listens on the port. */
export async function isFree(port) {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
