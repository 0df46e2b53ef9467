import type { NextFunction, Request, Response } from 'express';

/** A browser that is logged in sends its password along with what other sites make it send: that is refused. */
export function sameOrigin(request: Request, response: Response, next: NextFunction): void {
  const site = request.headers['sec-fetch-site'];
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  if (isSafe || site === undefined || site === 'same-origin') return next();
  response.status(403).type('text/plain').send('Not from another site.\n');
}
