import { serveOnLoopback } from './loopback-server.js';

/** How a paging service takes a page; `held` pages get no answer. */
export type PagerMood = 'down' | 'well' | 'held';

/**
 * A paging service with a mood for each of the first pages, and well from then on; resolves with its address.
 *
 * @param onHeld told of each page that is held
 */
export function startFlakyPager(moods: readonly PagerMood[], onHeld?: () => void): Promise<string> {
  const left = [...moods];
  return serveOnLoopback((_request, response) => {
    const mood = left.shift() ?? 'well';
    if (mood === 'held') onHeld?.();
    else response.writeHead(mood === 'down' ? 503 : 204).end();
  });
}
