import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Serves on a free port that only this machine reaches, for as long as the process has something else to do. */
export async function serveOnLoopback(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    // An idle connection would keep the process alive.
    response.setHeader('connection', 'close');
    listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, LOOPBACK, resolve);
  });
  server.unref();
  return `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;
}
