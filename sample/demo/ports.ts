import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataFolder } from './data-folder.js';
import { portHolder } from './port-holder.js';

export const LOOPBACK = '127.0.0.1';

const DEFAULT_PORT = 3000;
const TRIED = 20;
/** A process that has lost its launcher finishes what it does. */
const LEFT_FOR_MS = 12_000;
const POLL_MS = 100;

/** The port of the page, and that the usual one was taken, if it was. */
export interface ChosenPort {
  readonly port: number;
  readonly note: string | undefined;
}

/**
 * A run that was killed has told Gemini where webhooks go, and its web process may still be at its end: the port is
 * waited for.
 *
 * @param mayMove whether another port than the usual one will do
 * @throws Error whose message is for whoever typed the command
 */
export async function settlePort(folder: DataFolder, asked: number | undefined, mayMove: boolean): Promise<ChosenPort> {
  const { port: left } = (await folder.read<{ readonly port: number }>('app')) ?? {};
  const first = asked ?? left ?? DEFAULT_PORT;
  if (left === first) await freed(first);
  if (await isFree(first)) return { port: first, note: undefined };
  const inUse = `Port ${first} is in use by ${await portHolder(first)}`;
  if (asked !== undefined || !mayMove) throw new Error(`${inUse}: give ${asked ? 'another' : 'a'} --port.`);
  for (let port = first + 1; port < first + TRIED; port += 1)
    if (await isFree(port)) return { port, note: `${inUse}: the page is on ${port}.` };
  throw new Error(`${inUse}, and so are the next ${TRIED - 1}: give a --port.`);
}

async function freed(port: number): Promise<void> {
  const deadline = Date.now() + LEFT_FOR_MS;
  while (!(await isFree(port)) && Date.now() < deadline) await pause(POLL_MS);
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, LOOPBACK);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`Cannot listen on ${LOOPBACK}:${port} (${error.code}): give another --port.`));
    });
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve(true)));
  });
}
