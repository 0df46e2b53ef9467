import type { DynamicModule } from '@nestjs/common';
import { GeminiWebhooksModule, type GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { post, type Answer } from './http.js';
import { bodyOf, newSecret, withHmac } from './senders.js';

/** The secret that `staticWebhooks` and `deliver` share. */
export const SECRET = newSecret();

/** A module instance that accepts only static webhooks and so needs no network. */
export function staticWebhooks(options: GeminiWebhooksModuleOptions = {}): DynamicModule {
  return GeminiWebhooksModule.forRoot({ hmac: { secrets: SECRET }, jwks: false, ...options });
}

/** Sends an event to the default route. The same `id` means the same event. */
export function deliver(
  origin: string,
  { type = 'batch.succeeded', id = 'batch_1', path = 'gemini/webhooks', data = {} } = {},
): Promise<Answer> {
  return post(`${origin}/${path}`, withHmac(SECRET, bodyOf(type, { id, ...data })));
}

export const PROCESSED = { status: 200, body: { status: 'processed' } };
export const DUPLICATE = { status: 200, body: { status: 'duplicate' } };
export const HANDLER_FAILED = { status: 500, body: { code: 'handler_failed' } };
export const STILL_PROCESSING = { status: 503, body: { code: 'still_processing' } };
export const INBOX_UNAVAILABLE = { status: 503, body: { code: 'inbox_unavailable' } };
