const PREFIX = 'whsec_';

/** A shorter secret can be guessed. Standard Webhooks 1.0.0 recommends 24 to 64 bytes. */
const MIN_BYTES = 16;

/**
 * Returns the key bytes of a signing secret, `whsec_` and base64 in either alphabet (Standard Webhooks 1.0.0; the prefix
 * may be missing), or `undefined` for anything else.
 */
export function secretKey(secret: string): Buffer | undefined {
  return checkSecret(secret) === undefined ? decode(secret) : undefined;
}

/** Returns the problem with a signing secret, without revealing the secret; `undefined` if it is valid. */
export function checkSecret(secret: unknown, minBytes = MIN_BYTES): string | undefined {
  if (typeof secret !== 'string') return 'is not a string';
  if (secret === '') return 'is empty';
  const encoded = withoutPrefix(secret);
  if (encoded.startsWith(PREFIX)) return 'begins with "whsec_" twice';
  if (/^wh[-_]?sec[-_:=]/i.test(encoded)) return 'has a misspelled "whsec_" prefix';
  if (/^wh[sp]k_/i.test(encoded)) return 'is another kind of key (whsk_ or whpk_)';
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return 'is not base64';
  if (/[+/]/.test(encoded) && /[-_]/.test(encoded)) return 'mixes base64 and base64url';
  const { length } = decode(secret);
  if (length === 0) return 'is not base64';
  return length < minBytes ? `is shorter than ${minBytes} bytes once decoded` : undefined;
}

function decode(secret: string): Buffer {
  return Buffer.from(withoutPrefix(secret), 'base64');
}

function withoutPrefix(secret: string): string {
  return secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
}
