import type { SigningSecret } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';

const PREFIX = 'whsec_';

/** Min number of shown characters by which a secret can be recognised. */
const MIN_SHOWN = 4;

/**
 * Returns true if the secret that Gemini currently signs with is among the stored ones. Gemini does not document how it
 * truncates secrets. A text that is not a beginning and an end with dots or stars between them cannot be compared: then any
 * stored secret counts.
 */
export function isCurrentSecretStored(webhook: StaticWebhook, stored: readonly SigningSecret[]): boolean {
  const current = webhook.secrets.find(({ expiresAt }) => expiresAt === undefined);
  const unlimited = stored.filter(({ expiresAt }) => expiresAt === undefined);
  const shown = current && shownParts(current.truncated);
  if (!shown) return unlimited.length > 0;
  return unlimited.some(({ value }) => {
    const bare = value.startsWith(PREFIX) ? value.slice(PREFIX.length) : value;
    return bare.startsWith(shown.start) && bare.endsWith(shown.end);
  });
}

function shownParts(truncated: string): { readonly start: string; readonly end: string } | undefined {
  const parts = /^(?:whsec_)?([A-Za-z0-9+/_=-]*)(?:\.{2,}|…|\*+)([A-Za-z0-9+/_=-]*)$/.exec(truncated);
  if (!parts) return undefined;
  const [, start = '', end = ''] = parts;
  return start.length + end.length >= MIN_SHOWN ? { start, end } : undefined;
}
