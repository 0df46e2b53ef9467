import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { DataFolder } from '../data-folder.js';
import { LOOPBACK } from '../ports.js';

/** How long a kept process waits for a launcher when it has none. */
const ALONE_MS = 600_000;

/** Where a kept process is, as noted in the data folder. */
export interface KeeperNote {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
}

/** What a process keeps for the launcher. */
export interface Kept {
  /** What the launcher must know of it. */
  readonly details: object;
  /** Answers further requests of the launcher; `undefined` is 404. */
  readonly answer?: (method: string, path: string, body: unknown) => object | undefined;
  end(): Promise<void>;
}

/**
 * Makes this process one that outlives a launcher that is killed, and is found by the next one: it notes where it is,
 * is held by one launcher at a time, and ends when it is told to, or when for ten minutes nobody has held it.
 */
export async function keep(name: string, begin: (folder: DataFolder) => Promise<Kept>): Promise<void> {
  const folder = await DataFolder.open();
  const token = randomBytes(24).toString('base64url');
  let holder: string | undefined;
  let ending: Promise<void> | undefined;
  let alone = setTimeout(() => void end(), ALONE_MS);
  let beginNow: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (beginNow = resolve)).then(() => begin(folder));
  begun.catch(() => undefined);

  const end = () => {
    ending ??= (async () => {
      await begun.then((kept) => kept.end()).catch(() => undefined);
      const noted = await folder.read<KeeperNote>(name);
      if (noted?.token === token) await folder.forget(name);
    })().finally(() => setImmediate(() => process.exit()));
    return ending;
  };

  const hold = (by: string, response: ServerResponse) => {
    if (holder !== undefined) return send(response, 409, { holder });
    holder = by;
    clearTimeout(alone);
    response.writeHead(200).flushHeaders();
    response.once('close', () => {
      holder = undefined;
      alone = setTimeout(() => void end(), ALONE_MS);
    });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/', headers } = request;
    if (headers.authorization !== `Bearer ${token}`) return send(response, 401, {});
    if (path === '/ours') return send(response, 200, { name, pid: process.pid });
    if (path === '/hold') return hold(String(headers['x-holder']), response);
    if (path === '/' && method === 'DELETE') {
      await begun.then((kept) => kept.end()).catch(() => undefined);
      send(response, 200, {});
      return end();
    }
    const kept = await begun;
    if (path === '/') return send(response, 200, kept.details);
    const body = method === 'PUT' ? await json(request) : undefined;
    const answer = kept.answer?.(method, path, body);
    return send(response, answer ? 200 : 404, answer ?? {});
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.once('close', () => void end());
      send(response, 500, { problem: error instanceof Error ? error.message : String(error) });
    });
  });
  await once(server.listen(0, LOOPBACK), 'listening');
  // A launcher that is gone by now has told nobody of this process, and the next one may have started its own.
  if (!process.connected) process.exit();
  const { port } = server.address() as AddressInfo;
  await folder.write(name, { pid: process.pid, url: `http://${LOOPBACK}:${port}`, token } satisfies KeeperNote);
  beginNow();
  process.send?.('noted', () => process.disconnect?.());
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
}
