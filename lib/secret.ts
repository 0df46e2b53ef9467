const PREFIX = 'whsec_';

/**
 * The key bytes of a signing secret, `whsec_` and base64 (Standard Webhooks 1.0.0; the prefix may be missing).
 * `undefined` when it is not that.
 */
export function secretKey(secret: string): Buffer | undefined {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return key.length > 0 ? key : undefined;
}

/** What is wrong with a signing secret, in words that do not give it away; `undefined` when nothing is. */
export function checkSecret(secret: unknown): string | undefined {
  if (typeof secret !== 'string') return 'is not a string';
  if (secret === '') return 'is empty';
  return secretKey(secret) ? undefined : 'is not base64';
}
