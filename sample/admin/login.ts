import { Inject, Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sampleSettings, type SampleSettings } from '../settings.js';

const USER = 'admin';
const CHALLENGE = 'Basic realm="nestjs-gemini-webhooks sample", charset="UTF-8"';

/** HTTP's own login, with the password that was set, or one that is made at start and told once, in the log. */
@Injectable()
export class Login {
  readonly #expected: Buffer;

  constructor(@Inject(sampleSettings.KEY) { adminPassword }: SampleSettings) {
    const password = adminPassword ?? randomBytes(12).toString('base64url');
    this.#expected = digest(`${USER}:${password}`);
    if (adminPassword !== undefined) return;
    new Logger('Login').log(`SAMPLE_ADMIN_PASSWORD is not set. Log in to /admin/queues as ${USER} with ${password}`);
  }

  /** Lets through who has logged in. */
  readonly ask = (request: Request, response: Response, next: NextFunction): void => {
    if (this.#knows(request.headers.authorization ?? '')) return next();
    response.set({ 'www-authenticate': CHALLENGE, 'cache-control': 'no-store' }).status(401).type('text/plain');
    response.send(
      `Log in as ${USER}, with the password that SAMPLE_ADMIN_PASSWORD sets or the log of the app shows.\n`,
    );
  };

  /** In a time that says nothing of what is right. */
  #knows(authorization: string): boolean {
    const [scheme = '', given = ''] = authorization.split(' ');
    const credentials = Buffer.from(given, 'base64').toString();
    return scheme.toLowerCase() === 'basic' && timingSafeEqual(digest(credentials), this.#expected);
  }
}

/** Of one length, whatever is compared. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
