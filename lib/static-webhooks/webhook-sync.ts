import { Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError } from '../errors.js';
import { WebhookCreation, type DesiredWebhook } from './webhook-creation.js';
import type { HeldLock } from './webhook-lock.js';
import { isCurrentSecretStored } from './current-secret.js';
import { rotateSecret, type RotationDeps } from './secret-rotation.js';
import { isEnabled, type StaticWebhook } from './static-webhook.js';
import { isNotFound } from './webhooks-api.js';

/** Longer than the wait for a rotation of another process. */
const MAX_DURATION_MS = 120_000;
const PAUSE_MS = 250;

/** Without a distributed lock: time for another process to save the secret of the webhook that it has created. */
const MAX_SAVE_WAIT_MS = 2_000;

/** What a sync did to a webhook; if it did several things, the first in this list. */
export type EndpointChange = 'created' | 'rotated' | 'updated' | 'unchanged';

/** Result of `GeminiWebhookEndpoints.sync`. */
export interface EndpointSyncResult {
  /** Current state of the webhook. Check `state`: a disabled webhook stays disabled until `enable`. */
  readonly webhook: StaticWebhook;
  readonly done: EndpointChange;
}

/**
 * Brings one static webhook to its desired state. Without a distributed lock several processes may do so at once: each
 * checks again after every change, until nothing is left to do.
 */
export class WebhookSync {
  readonly #deps: RotationDeps;
  readonly #desired: DesiredWebhook;
  readonly #lock: HeldLock;
  readonly #creation: WebhookCreation;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #startedAt = Date.now();
  #done: EndpointChange = 'unchanged';
  #missingUntil: number | undefined;

  constructor(deps: RotationDeps, desired: DesiredWebhook, lock: HeldLock) {
    this.#deps = deps;
    this.#desired = desired;
    this.#lock = lock;
    this.#creation = new WebhookCreation(deps, desired, lock);
  }

  /** @throws GeminiWebhooksError `secret_not_saved`, `unknown_outcome`, `timeout`; what the SDK and the store throw */
  async run(): Promise<EndpointSyncResult> {
    while (Date.now() < this.#startedAt + MAX_DURATION_MS) {
      this.#lock.check();
      const [webhook, ...others] = await this.#creation.withSameName();
      const synced = webhook ? await this.#change(webhook) : await this.#create();
      if (synced) {
        this.#report(synced, others);
        return { webhook: synced, done: this.#done };
      }
      await wait(PAUSE_MS * (1 + Math.random()));
    }
    throw new GeminiWebhooksError(
      'timeout',
      `The static webhook "${this.#desired.name}" could not be synced, because other processes keep changing it. Sync it again.`,
    );
  }

  async #create(): Promise<StaticWebhook | undefined> {
    const webhook = await this.#creation.create();
    if (!webhook) return undefined;
    this.#done = 'created';
    return this.#lock.isDistributed ? webhook : undefined;
  }

  /** @returns the webhook if nothing is left to do */
  async #change(webhook: StaticWebhook): Promise<StaticWebhook | undefined> {
    try {
      // The listed webhook may show an older secret than the one after the rotation.
      if (await this.#waitForRotation()) return undefined;
      if (!(await this.#isSecretStored(webhook)) && !(await this.#recoverSecret(webhook))) return undefined;
      return await this.#update(webhook);
    } catch (error) {
      // The process that created it has found an older one and removed it.
      if (!this.#lock.isDistributed && isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Waits for a rotation of another process. Without a distributed lock, a running rotation and one whose process was killed
   * look alike until the time for it is over.
   *
   * @returns true if there was one
   */
  async #waitForRotation(): Promise<boolean> {
    if (this.#lock.isDistributed) return false;
    let hasWaited = false;
    for (;;) {
      const rotation = await this.#desired.store.rotation();
      if (!rotation || rotation.until <= Date.now()) return hasWaited;
      hasWaited = true;
      await wait(PAUSE_MS * (1 + Math.random()));
    }
  }

  async #isSecretStored(webhook: StaticWebhook): Promise<boolean> {
    const { store } = this.#desired;
    if (!(await store.rotation())) return isCurrentSecretStored(webhook, await store.secrets());
    await this.#rotate(webhook);
    return true;
  }

  /** @returns true if the secret was recovered or rotated; another process may be about to save it */
  async #recoverSecret(webhook: StaticWebhook): Promise<boolean> {
    // Random, so that not all processes rotate at once.
    this.#missingUntil ??= Date.now() + (this.#lock.isDistributed ? 0 : MAX_SAVE_WAIT_MS * (1 + Math.random()));
    if (Date.now() < this.#missingUntil) return false;
    this.#missingUntil = undefined;
    if (!(await this.#creation.recover(webhook))) await this.#rotate(webhook);
    return this.#lock.isDistributed;
  }

  async #rotate(webhook: StaticWebhook): Promise<void> {
    await rotateSecret(this.#deps, webhook, this.#desired.store, 'after24h', this.#lock);
    if (this.#done !== 'created') this.#done = 'rotated';
    this.#logger.warn(
      `The secret of the static webhook "${this.#desired.name}" was not stored, or its rotation was unfinished: it was rotated.`,
    );
  }

  async #update(webhook: StaticWebhook): Promise<StaticWebhook> {
    const { uri, events } = this.#desired;
    const changes = {
      ...(webhook.uri !== uri && { uri }),
      ...(webhook.events.toSorted().join() !== events.toSorted().join() && { events }),
    };
    if (Object.keys(changes).length === 0) return webhook;
    this.#lock.check();
    const updated = await this.#deps.api.update(webhook.id, changes);
    if (this.#done === 'unchanged') this.#done = 'updated';
    return updated;
  }

  #report(webhook: StaticWebhook, others: readonly StaticWebhook[]): void {
    const { name } = this.#desired;
    if (!isEnabled(webhook)) {
      this.#logger.warn(
        `Gemini does not deliver to the static webhook "${name}" (${webhook.id}): its state is ${webhook.state}. Once its URI responds, call GeminiWebhookEndpoints.enable('${webhook.id}').`,
      );
    }
    if (others.length > 0) {
      this.#logger.warn(
        `Several static webhooks are named "${name}". The oldest, ${webhook.id}, is synced. Remove the others if they are not needed: ${others.map(({ id }) => id).join(', ')}.`,
      );
    }
  }
}
