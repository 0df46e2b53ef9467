import type { NextFunction, Request, Response } from 'express';

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Nothing from elsewhere, no inline script, and in nobody's frame. */
const PAGE_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Bull Board styles its parts inline, and would load a font from elsewhere. */
const BOARD_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** The headers by which a browser keeps a page to what it needs. */
export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  const policy = request.originalUrl.startsWith('/admin/') ? BOARD_POLICY : PAGE_POLICY;
  response.set({ ...HEADERS, 'content-security-policy': policy });
  next();
}
