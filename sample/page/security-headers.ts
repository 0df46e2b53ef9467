import type { NextFunction, Request, Response } from 'express';

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Nothing from elsewhere, no inline script or style, and in nobody's frame. */
export const PAGE_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** The headers by which a browser keeps a page to what it needs. */
export function securityHeaders(policy: string): (request: Request, response: Response, next: NextFunction) => void {
  return (_request, response, next) => {
    response.set({ ...HEADERS, 'content-security-policy': policy });
    next();
  };
}
