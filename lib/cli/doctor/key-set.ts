import { isObject } from '../../shared/is-object.js';
import { resultText, type HttpResult } from '../http-response.js';
import { failed, passed, type Check } from './check.js';

const NAME = 'key set';

/** Checks that the key set has keys that verify dynamic webhooks, and counts them by kind. */
export function keySetCheck(url: URL, result: HttpResult): Check {
  const keys = keysIn(result.json);
  const kinds = [...new Set(keys)].map((kind) => `${keys.filter((other) => other === kind).length} ${kind}`);
  if (result.status === 200 && keys.some((kind) => kind !== 'other'))
    return passed(NAME, `${url.host} has ${kinds.join(', ')}`);
  if (result.status === 200) return failed(NAME, `${url.href} has no usable key`, 'Compare GEMINI_WEBHOOK_JWKS_URL.');
  return failed(
    NAME,
    `${url.href}: ${resultText(result)}`,
    'Allow outgoing requests to it (firewall, proxy), or compare GEMINI_WEBHOOK_JWKS_URL. For an app with static webhooks only: jwks: false.',
  );
}

function keysIn(json: unknown): readonly string[] {
  const keys = isObject(json) && Array.isArray(json['keys']) ? json['keys'] : [];
  return keys.filter(isObject).map(({ kty, crv }) => {
    if (kty === 'OKP' && crv === 'Ed25519') return 'Ed25519';
    return kty === 'RSA' || kty === 'EC' ? kty : 'other';
  });
}
