import type { GeminiDeliveryErrorCode } from '../../errors.js';
import { DOCTOR_PROBE_TYPE } from '../../shared/doctor-probe.js';
import { signGeminiDelivery } from '../../testing/sign-delivery.js';
import { adviceFor, NOT_THE_MODULE } from '../advice.js';
import { resultText, sendRequest, isReceipt, isSuccess, type HttpResult } from '../http-response.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'raw body';

const COMPACT = JSON.stringify({ type: DOCTOR_PROBE_TYPE, version: 'v1', timestamp: '2026-01-22T12:00:00Z', data: {} });
/** The same event as bytes that no serializer produces. */
const UNUSUAL = COMPACT.replace('{}', ' { } ').replace('doctor', '\\u0064octor');

/** Codes of the inbox, which receives only verified deliveries. */
const INBOX_CODES: ReadonlySet<string> = new Set([
  'inbox_unavailable',
  'still_processing',
  'handler_failed',
] satisfies GeminiDeliveryErrorCode[]);

/** Why no signed delivery can be sent, and how to fix that. */
export const NO_SECRET = {
  found: 'no signing secret was given',
  todo:
    'Set GEMINI_WEBHOOK_SECRET, or give --secret, or --store with --webhook. An app that accepts dynamic webhooks only has no secret: ' +
    'check it with "trigger --dynamic", where 200 and 403 unbound_delivery mean that the signature was verified',
};

/** Result of sending a signed delivery. */
export interface SignedDelivery {
  readonly check: Check;
  /** Why the inbox did not accept the verified delivery; `undefined` if it did. */
  readonly inbox?: Check;
  /** Response of the app, if it has verified the delivery. */
  readonly verified: HttpResult | undefined;
}

/** Checks that the app verifies a signed delivery from the bytes as sent. */
export async function sendSigned(
  url: URL,
  secrets: readonly string[],
  fetch: typeof globalThis.fetch,
): Promise<SignedDelivery> {
  if (secrets.length === 0) {
    return unverified(skipped(NAME, NO_SECRET.found, NO_SECRET.todo));
  }
  const send = (event: string): Promise<HttpResult> => {
    const { headers, body } = signGeminiDelivery({ event, secret: secrets });
    return sendRequest(url, { method: 'POST', headers, body }, fetch);
  };
  const result = await send(UNUSUAL);
  if (isAccepted(result)) {
    return { check: passed(NAME, `a signed delivery is accepted: ${resultText(result)}`), verified: result };
  }
  if (isSuccess(result)) {
    const found = `something else responds to a signed delivery: ${resultText(result)} is not a response of this module`;
    return unverified(failed(NAME, found, NOT_THE_MODULE));
  }
  if (INBOX_CODES.has(result.code)) {
    return {
      check: passed(NAME, 'a signed delivery is verified'),
      inbox: failed('inbox', `the verified delivery is not accepted: ${resultText(result)}`, adviceFor(result)),
      verified: result,
    };
  }
  const found = `a signed delivery is refused: ${resultText(result)}`;
  if (result.code !== 'signature_mismatch') {
    return { check: failed(NAME, found, adviceFor(result)), verified: result.doctor && result };
  }
  const compact = await send(COMPACT);
  if (isAccepted(compact)) {
    const check = failed(
      NAME,
      'a signed delivery is accepted only when its JSON is compact',
      'Something in front of the app parses the body and serializes it again: make it pass on the bytes unchanged.',
    );
    return { check, verified: compact };
  }
  return unverified(
    failed(
      NAME,
      found,
      'The app has another secret or none, or something in front of it changes the body: compare the secrets first, then look at the proxies.',
    ),
  );
}

/** True if the module accepted it. A custom route may return anything, but only an app that verified the delivery sets the header. */
function isAccepted(result: HttpResult): boolean {
  return isSuccess(result) && (result.doctor !== undefined || isReceipt(result));
}

function unverified(check: Check): SignedDelivery {
  return { check, verified: undefined };
}
