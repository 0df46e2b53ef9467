import { serveOnLoopback } from './loopback-server.js';

/** A paging service that is down for the first page and well from then on; resolves with its address. */
export function startFlakyPager(): Promise<string> {
  let pages = 0;
  return serveOnLoopback((_request, response) => {
    pages += 1;
    response.writeHead(pages === 1 ? 503 : 204).end();
  });
}
