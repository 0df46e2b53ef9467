import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

const USER = 'admin';
const CHALLENGE = 'Basic realm="nestjs-gemini-webhooks sample", charset="UTF-8"';

/** Asks for a name and a password. What is given is compared in a time that says nothing of it. */
export function basicLogin(password: string): (request: Request, response: Response, next: NextFunction) => void {
  const expected = digest(`${USER}:${password}`);
  return (request, response, next) => {
    const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ');
    const credentials = Buffer.from(given, 'base64').toString();
    if (scheme.toLowerCase() === 'basic' && timingSafeEqual(digest(credentials), expected)) return next();
    response.set({ 'www-authenticate': CHALLENGE, 'cache-control': 'no-store' }).status(401).type('text/plain');
    response.send('Log in as admin, with the password that SAMPLE_ADMIN_PASSWORD sets or the log of the app shows.\n');
  };
}

/** Of one length, whatever is compared. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
