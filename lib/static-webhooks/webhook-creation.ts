import { GeminiWebhooksError, reasonOf } from '../errors.js';
import { isCurrentSecretStored } from './current-secret.js';
import type { RotationStore } from './rotation-store.js';
import type { HeldLock } from './webhook-lock.js';
import type { RotationDeps } from './secret-rotation.js';
import { createdAtOf, type StaticWebhook } from './static-webhook.js';
import { isOutcomeUnknown } from './webhooks-api.js';

/** Desired state of a static webhook. */
export interface DesiredWebhook {
  readonly name: string;
  readonly uri: string;
  readonly events: readonly string[];
  readonly store: RotationStore;
}

/**
 * Creates a webhook so that one stays if several processes create it at once. The secret is first stored under the webhook's
 * id, where no other process writes, and under its name once it is clear that this webhook stays.
 */
export class WebhookCreation {
  readonly #deps: RotationDeps;
  readonly #desired: DesiredWebhook;
  readonly #lock: HeldLock;

  constructor(deps: RotationDeps, desired: DesiredWebhook, lock: HeldLock) {
    this.#deps = deps;
    this.#desired = desired;
    this.#lock = lock;
  }

  /** Returns the webhooks of that name, the oldest first. */
  async withSameName(): Promise<StaticWebhook[]> {
    const all = await this.#deps.api.list();
    return all.filter(({ name }) => name === this.#desired.name).toSorted((a, b) => createdAtOf(a) - createdAtOf(b));
  }

  /** @returns the webhook; `undefined` if another one stays, or if one was created although Gemini reported an error */
  async create(): Promise<StaticWebhook | undefined> {
    const created = await this.#request();
    if (!created) return undefined;
    const { webhook, secret } = created;
    const { store, name } = this.#desired;
    await this.#saveOrRemove(webhook, () => store.saveCreated(webhook.id, secret));
    if (!this.#lock.isDistributed && !(await this.#stays(webhook))) {
      await this.#deps.api.delete(webhook.id);
      await store.removeCreated(webhook.id).catch(() => undefined);
      return undefined;
    }
    await this.#saveOrRemove(webhook, () => store.save([{ value: secret }]));
    this.#deps.secrets?.apply(name, [{ value: secret }]);
    await store.removeCreated(webhook.id).catch(() => undefined);
    return webhook;
  }

  /** Finishes an interrupted creation. @returns true if the webhook's secret is stored now */
  async recover(webhook: StaticWebhook): Promise<boolean> {
    const { store, name } = this.#desired;
    const secret = await store.created(webhook.id);
    if (!secret || !isCurrentSecretStored(webhook, [secret])) return false;
    await store.save([secret]);
    this.#deps.secrets?.apply(name, [secret]);
    await store.removeCreated(webhook.id).catch(() => undefined);
    return true;
  }

  async #request(): Promise<{ readonly webhook: StaticWebhook; readonly secret: string } | undefined> {
    const { name, uri, events } = this.#desired;
    try {
      return await this.#deps.api.create(name, uri, events);
    } catch (error) {
      // If it was created nevertheless, it is found by its name, but its secret is lost.
      if (isOutcomeUnknown(error) && (await this.withSameName()).length > 0) return undefined;
      throw error;
    }
  }

  /** True if no other webhook is as old: of two that were created at the same moment, neither stays. */
  async #stays(webhook: StaticWebhook): Promise<boolean> {
    const others = (await this.withSameName()).filter(({ id }) => id !== webhook.id);
    return others.every((other) => createdAtOf(other) > createdAtOf(webhook));
  }

  async #saveOrRemove({ id }: StaticWebhook, save: () => Promise<void>): Promise<void> {
    try {
      await save();
    } catch (cause) {
      const removed = await this.#deps.api.delete(id).then(
        () => 'The webhook was removed again.',
        () => `The webhook could not be removed either: sync it, which rotates its secret, or remove ${id} yourself.`,
      );
      throw new GeminiWebhooksError(
        'secret_not_saved',
        `The static webhook "${this.#desired.name}" was created, but its secret could not be saved: ${reasonOf(cause)}. ${removed} Fix the SigningSecretStore, then sync again.`,
        { cause },
      );
    }
  }
}
