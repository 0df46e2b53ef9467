import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError, reasonOf } from '../errors.js';
import type { EndpointSecrets } from './endpoint-secrets.js';
import { expiryOf, type EndpointStore } from './endpoint-store.js';
import type { Hold } from './exclusive.js';
import type { SigningSecret } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';
import { isOutcomeUnknown, type RevokePrevious, type WebhooksApi } from './webhooks-api.js';

const OLD_SECRET_VALID_MS = 24 * 3_600_000;
const SAVE_ATTEMPTS = 3;
const SAVE_PAUSE_MS = 200;

/** What a rotation works with. */
export interface RotationTools {
  readonly api: WebhooksApi;
  /** The verifiers of this process, where there are any. */
  readonly secrets: EndpointSecrets | undefined;
}

/**
 * Gives a webhook a new secret and keeps it. Until that is done the rotation stands recorded in the store, so that every
 * process knows that a mismatch proves nothing, and whoever comes after a crash knows what is unfinished. A rotation
 * that was to revoke at once is finished that way, whoever finishes it.
 *
 * @throws GeminiWebhooksError `secret_not_saved`, `unknown_outcome`; what the SDK or the store throws when nothing has
 *   happened yet
 */
export async function rotateSecret(
  { api, secrets }: RotationTools,
  { id, name = id }: StaticWebhook,
  store: EndpointStore,
  asked: RevokePrevious,
  hold: Hold,
): Promise<void> {
  const unfinished = await store.rotation();
  const revokePrevious = unfinished?.revokePrevious === 'now' ? 'now' : asked;
  const old = await store.secrets();
  hold.check();
  const until = await store.beginRotation(revokePrevious);
  secrets?.rotating(name, until);
  const value = await newSecret(api, store, { id, name }, revokePrevious);
  const all = [{ value }, ...(revokePrevious === 'now' ? [] : expiring(old))];
  await save(store, all, name);
  secrets?.apply(name, all);
  // A record that stays behind costs one more rotation.
  await store.endRotation().catch(() => undefined);
}

async function newSecret(
  api: WebhooksApi,
  store: EndpointStore,
  { id, name }: { readonly id: string; readonly name: string },
  revokePrevious: RevokePrevious,
): Promise<string> {
  try {
    return await api.rotate(id, revokePrevious);
  } catch (cause) {
    if (!isOutcomeUnknown(cause)) {
      await store.endRotation().catch(() => undefined);
      throw cause;
    }
    throw new GeminiWebhooksError(
      'unknown_outcome',
      `The secret of the endpoint "${name}" may have been rotated, but Gemini did not say so: ${reasonOf(cause)}. Rotate it again, or sync it, which finishes the rotation.`,
      { cause },
    );
  }
}

async function save(store: EndpointStore, all: readonly SigningSecret[], name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.save(all);
      return;
    } catch (cause) {
      if (attempt === SAVE_ATTEMPTS) {
        throw new GeminiWebhooksError(
          'secret_not_saved',
          `The secret of the endpoint "${name}" was rotated, and the new one could not be saved and is lost: ${reasonOf(cause)}. ` +
            'Make the SigningSecretStore work, then rotate it again, or sync it, which finishes the rotation. ' +
            'Deliveries that nobody can verify meanwhile are sent again by Gemini for 24 h.',
          { cause },
        );
      }
    }
    await wait(SAVE_PAUSE_MS * attempt);
  }
}

/** Gemini signs with the secrets before for 24 h more (ai.google.dev/gemini-api/docs/webhooks, 2026-09). */
function expiring(secrets: readonly SigningSecret[]): SigningSecret[] {
  const until = Date.now() + OLD_SECRET_VALID_MS;
  return secrets.map((secret) => ({
    value: secret.value,
    expiresAt: new Date(Math.min(expiryOf(secret), until)).toISOString(),
  }));
}
