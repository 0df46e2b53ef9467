import { isRecord } from '../../events/parse-event.js';
import { answerText, type Answer } from '../answer.js';
import { failed, passed, type Check } from './check.js';

const NAME = 'key set';

/** Whether the keys of dynamic webhooks are there, and which. */
export function keySetCheck(url: URL, answer: Answer): Check {
  const keys = keysIn(answer.json);
  const kinds = [...new Set(keys)].map((kind) => `${keys.filter((one) => one === kind).length} ${kind}`);
  if (answer.status === 200 && keys.some((kind) => kind !== 'other'))
    return passed(NAME, `${url.host} has ${kinds.join(', ')}`);
  if (answer.status === 200) return failed(NAME, `${url.href} has no usable key`, 'Compare GEMINI_WEBHOOK_JWKS_URL.');
  return failed(
    NAME,
    `${url.href}: ${answerText(answer)}`,
    'Open the way out to it (firewall, proxy), or compare GEMINI_WEBHOOK_JWKS_URL. An app with static webhooks only: jwks: false.',
  );
}

function keysIn(json: unknown): readonly string[] {
  const keys = isRecord(json) && Array.isArray(json['keys']) ? json['keys'] : [];
  return keys.filter(isRecord).map(({ kty, crv }) => {
    if (kty === 'OKP' && crv === 'Ed25519') return 'Ed25519';
    return kty === 'RSA' || kty === 'EC' ? kty : 'other';
  });
}
