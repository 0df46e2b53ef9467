import type { GeminiDeliveryErrorCode } from '../errors.js';
import type { HttpResult } from './http-response.js';

const BY_CODE: Readonly<Record<GeminiDeliveryErrorCode, string>> = {
  missing_header: 'Something in front of the app drops the webhook-* headers: make it pass them on.',
  malformed_header: 'Something in front of the app changes the webhook-* headers: make it pass them on unchanged.',
  timestamp_out_of_tolerance: 'The clocks of this machine and of the server differ: synchronize both with NTP.',
  malformed_event: 'Something in front of the app changes the body: make it pass on the bytes unchanged.',
  signature_mismatch:
    'Sign with the secret of the app. Its log says within a minute what could not be verified, and why.',
  unbound_delivery:
    'The signature is valid, but no job of this app requested the webhook. Start one with GeminiJobs (against "simulate"), or set binding: false.',
  request_timeout: 'The body arrived too slowly: look at the proxies in front of the app.',
  body_too_large: 'Raise bodyLimitBytes.',
  unsupported_media_type:
    'Something in front of the app changes the content type or compresses the body: turn that off.',
  handler_failed: 'A handler failed: the log of the app names it.',
  raw_body_unavailable:
    'A body parser runs before the module, such as app.use(json()) in main.ts: exclude the route of the webhooks from it.',
  still_processing: 'Handlers take longer than ackTimeoutMs: use a durable inbox, or return sooner.',
  keys_unavailable: 'The app cannot load its key set or its secrets: its log says why.',
  inbox_unavailable:
    'The app cannot reach the store of its inbox (Redis or PostgreSQL), or it is shutting down: its log says why.',
};

/** Advice for a 2xx response that the module did not send. */
export const NOT_THE_MODULE =
  'A relay (such as smee.io) or the page of a tunnel responds in place of the app, and may change the body: give the URL of the app itself. ' +
  'If this is your own route: without GeminiSignatureGuard, anyone can send it events.';

/** True if only the module responds with this code. */
export function isModuleCode(code: string): code is GeminiDeliveryErrorCode {
  return Object.hasOwn(BY_CODE, code);
}

/** Returns what to do about an unwanted response, or `''` when that is unknown. */
export function adviceFor({ status, code }: Pick<HttpResult, 'status' | 'code'>): string {
  if (status === undefined) return 'Is the app running there, and can this machine reach it?';
  if (isModuleCode(code)) return BY_CODE[code];
  if (status >= 300 && status <= 399) return 'Give the URL that it redirects to: deliveries do not follow redirects.';
  if (status === 404 || status === 405) {
    return (
      'The app has no webhook route there. Does it import GeminiWebhooksModule.forRoot()? ' +
      'Compare the path, the global prefix and GEMINI_WEBHOOK_PATH.'
    );
  }
  if (status === 401 || status === 403) {
    return 'A global guard or a proxy refused it, not the module. Open the route with decorators: [Public()].';
  }
  if (status === 429) return 'A rate limit refused it: exempt the route with decorators: [SkipThrottle()].';
  return '';
}
