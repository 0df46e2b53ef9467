import { GeminiWebhooksError } from '../errors.js';

/** Returns an error that says what to install if a peer is missing; otherwise the given error. */
export function missingPeerError(
  { name, owner, install = [name] }: { readonly name: string; readonly owner: string; readonly install?: string[] },
  error: unknown,
): unknown {
  const { code } = error as { readonly code?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  return new GeminiWebhooksError(
    'invalid_option',
    `${owner} needs "${name}", which is not installed: npm install ${install.toSorted().join(' ')}`,
    { cause: error },
  );
}
