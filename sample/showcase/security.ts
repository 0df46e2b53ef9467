import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

/** Allows nothing from other sites, no inline script or style, and no frame around the page. */
export const PAGE_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
/** Bull Board has inline styles. */
export const BOARD_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

export function securityHeaders(policy: string): RequestHandler {
  return (_request, response, next) => {
    response.set({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    next();
  };
}

/** HTTP Basic authentication of the user `admin`. */
export function login(password: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`admin:${password}`);
  return ({ headers: { authorization = '' } }, response, next) => {
    const [scheme = '', credentials = ''] = authorization.split(' ');
    const given = digest(Buffer.from(credentials, 'base64').toString());
    if (scheme.toLowerCase() === 'basic' && timingSafeEqual(given, expected)) return next();
    response.set({ 'www-authenticate': 'Basic realm="showcase", charset="UTF-8"', 'cache-control': 'no-store' });
    response.status(401).type('text/plain').send('Log in as admin, with the password that npm run demo prints.\n');
  };
}

/** A browser sends a stored password along with requests that another site triggers. Those are refused. */
export const sameOrigin: RequestHandler = (request, response, next) => {
  const site = request.headers['sec-fetch-site'];
  if (isRead(request) || site === undefined || site === 'same-origin') return next();
  response.status(403).type('text/plain').send('Not from another site.\n');
};

/** A page of another site cannot send JSON without a preflight request, which this app never allows. */
export const jsonOnly: RequestHandler = (request, response, next) => {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (isRead(request) || type.trim().toLowerCase() === 'application/json') return next();
  sendProblem(response, 415, 'Send it with content-type: application/json.');
};

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Responds with problem+json (RFC 9457). An unexpected error is logged and its details are not sent. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Page');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const status = error instanceof HttpException ? error.getStatus() : 500;
    if (status >= 500) this.logger.error(error instanceof Error ? error.stack : error);
    if (response.headersSent) response.end();
    else sendProblem(response, status, error instanceof HttpException ? error.message : 'See the log of the app.');
  }
}

function sendProblem(response: Response, status: number, detail: string): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail };
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}
