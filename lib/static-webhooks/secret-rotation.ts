import { GeminiWebhooksError, reasonOf } from '../errors.js';
import { retry } from '../shared/retry.js';
import type { StaticWebhookSecrets } from './webhook-secrets.js';
import { expiryOf, type RotationStore } from './rotation-store.js';
import type { HeldLock } from './webhook-lock.js';
import type { SigningSecret } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';
import { isOutcomeUnknown, type RevokePrevious, type WebhooksApi } from './webhooks-api.js';

const OLD_SECRET_VALID_MS = 24 * 3_600_000;
const SAVE_ATTEMPTS = 3;
const SAVE_RETRY_MS = 200;

/** Dependencies of a rotation. */
export interface RotationDeps {
  readonly api: WebhooksApi;
  /** Secrets of this process's verifiers, if it has any. */
  readonly secrets: StaticWebhookSecrets | undefined;
}

/**
 * Rotates a webhook's secret and stores the new one. The store records the rotation until it is done: meanwhile every
 * process knows that a mismatch proves nothing, and after a crash another process can finish it. A rotation that revokes
 * the old secrets at once is also finished that way.
 *
 * @throws GeminiWebhooksError `secret_not_saved`, `unknown_outcome`; what the SDK or the store throws before anything
 *   has changed
 */
export async function rotateSecret(
  { api, secrets }: RotationDeps,
  { id, name = id }: StaticWebhook,
  store: RotationStore,
  requested: RevokePrevious,
  lock: HeldLock,
): Promise<void> {
  const unfinished = await store.rotation();
  const revokePrevious = unfinished?.revokePrevious === 'now' ? 'now' : requested;
  const old = await store.secrets();
  lock.check();
  const until = await store.beginRotation(revokePrevious);
  secrets?.rotating(name, until);
  const value = await newSecret(api, store, { id, name }, revokePrevious);
  const all = [{ value }, ...(revokePrevious === 'now' ? [] : expiring(old))];
  await save(store, all, name);
  secrets?.apply(name, all);
  // A leftover record costs one more rotation.
  await store.endRotation().catch(() => undefined);
}

async function newSecret(
  api: WebhooksApi,
  store: RotationStore,
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
      `The secret of the static webhook "${name}" may have been rotated, but Gemini did not confirm it: ${reasonOf(cause)}. Rotate it again, or sync it, which finishes the rotation.`,
      { cause },
    );
  }
}

async function save(store: RotationStore, all: readonly SigningSecret[], name: string): Promise<void> {
  try {
    await retry(() => store.save(all), { attempts: SAVE_ATTEMPTS, delayMs: (attempt) => SAVE_RETRY_MS * attempt });
  } catch (cause) {
    throw new GeminiWebhooksError(
      'secret_not_saved',
      `The secret of the static webhook "${name}" was rotated, but the new one could not be saved and is lost: ${reasonOf(cause)}. ` +
        'Fix the SigningSecretStore, then rotate it again, or sync it, which finishes the rotation. ' +
        'Meanwhile, Gemini retries unverified deliveries for 24 h.',
      { cause },
    );
  }
}

/** Gemini signs with the previous secrets for 24 more hours (ai.google.dev/gemini-api/docs/webhooks, 2026-09). */
function expiring(secrets: readonly SigningSecret[]): SigningSecret[] {
  const until = Date.now() + OLD_SECRET_VALID_MS;
  return secrets.map((secret) => ({
    value: secret.value,
    expiresAt: new Date(Math.min(expiryOf(secret), until)).toISOString(),
  }));
}
