import type { GeminiDeliveryErrorCode } from '../errors.js';
import type { Answer } from './answer.js';

const BY_WORD: Readonly<Partial<Record<GeminiDeliveryErrorCode, string>>> = {
  timestamp_out_of_tolerance: 'The clocks of this machine and of the server differ: let NTP set them.',
  signature_mismatch: 'Give the secret, or have the app fetch the key set, that belongs to the signature.',
  unbound_delivery:
    'Google has signed it, but no job of the app asked for it. Start one with GeminiJobs (against "simulate"), or set binding: false.',
  body_too_large: 'Raise bodyLimitBytes.',
  handler_failed: 'A handler threw: the log of the app says which.',
  raw_body_unavailable: 'Something in front of Nest parses the body: exclude this route there.',
  still_processing: 'Handlers take longer than ackTimeoutMs: take a durable inbox, or return sooner.',
  keys_unavailable: 'The app cannot load what it verifies with (key set or secrets): its log says why.',
  inbox_unavailable: 'The store of the inbox cannot be reached, or the app is shutting down: its log says why.',
};

/** What to do about an answer that is not the one wanted; `''` when nothing is known. */
export function adviceFor({ status, word }: Pick<Answer, 'status' | 'word'>): string {
  if (status === undefined) return 'Is the app running there, and may this machine reach it?';
  if (Object.hasOwn(BY_WORD, word)) return BY_WORD[word as keyof typeof BY_WORD] ?? '';
  if (status >= 300 && status <= 399) return 'Give the URL that it redirects to: deliveries are not redirected.';
  if (status === 404 || status === 405) {
    return 'No route takes deliveries there: compare the path, the global prefix and GEMINI_WEBHOOK_PATH.';
  }
  if (status === 401 || status === 403) {
    return "The refusal is not the module's: a global guard or a proxy? Open the route with decorators: [Public()].";
  }
  if (status === 429) return 'Something in front counts requests: exempt the route with decorators: [SkipThrottle()].';
  return '';
}
