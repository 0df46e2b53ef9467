import type { SigningSecret } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';

const PREFIX = 'whsec_';

/** How many characters of a secret must be shown for it to be recognised. */
const LEAST_SHOWN = 4;

/**
 * Whether the secret that Gemini signs with until further notice is among those that are kept. How Gemini truncates is
 * not published: what cannot be read as a beginning and an end with dots or stars between counts as kept, when anything
 * is.
 */
export function isCurrentSecretKept(webhook: StaticWebhook, kept: readonly SigningSecret[]): boolean {
  const current = webhook.secrets.find(({ expiresAt }) => expiresAt === undefined);
  const lasting = kept.filter(({ expiresAt }) => expiresAt === undefined);
  const shown = current && shownParts(current.truncated);
  if (!shown) return lasting.length > 0;
  return lasting.some(({ value }) => {
    const bare = value.startsWith(PREFIX) ? value.slice(PREFIX.length) : value;
    return bare.startsWith(shown.start) && bare.endsWith(shown.end);
  });
}

function shownParts(truncated: string): { readonly start: string; readonly end: string } | undefined {
  const parts = /^(?:whsec_)?([A-Za-z0-9+/_=-]*)(?:\.{2,}|…|\*+)([A-Za-z0-9+/_=-]*)$/.exec(truncated);
  if (!parts) return undefined;
  const [, start = '', end = ''] = parts;
  return start.length + end.length >= LEAST_SHOWN ? { start, end } : undefined;
}
