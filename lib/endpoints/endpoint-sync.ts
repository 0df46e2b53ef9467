import { Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError } from '../errors.js';
import { EndpointCreation, type WantedEndpoint } from './endpoint-creation.js';
import type { Hold } from './exclusive.js';
import { isCurrentSecretKept } from './current-secret.js';
import { rotateSecret, type RotationTools } from './secret-rotation.js';
import { isEnabled, type StaticWebhook } from './static-webhook.js';
import { isNotFound } from './webhooks-api.js';

/** Longer than a rotation of another process is waited for. */
const GIVE_UP_AFTER_MS = 120_000;
const PAUSE_MS = 250;

/** How long, without a lock, another process is left to save the secret of the webhook that it has made. */
const PATIENCE_MS = 2_000;

/** What was done to a webhook; of several things the one that comes first here. */
export type EndpointChange = 'created' | 'rotated' | 'updated' | 'unchanged';

/** What `GeminiWebhookEndpoints.sync` found and did. */
export interface EndpointSyncResult {
  /** As it is now. Look at `state`: a webhook that is disabled stays so until `enable`. */
  readonly webhook: StaticWebhook;
  readonly done: EndpointChange;
}

/**
 * Makes one static webhook what it is to be. Without a lock several processes may do so at once: each looks again after
 * whatever it did, until it finds nothing to do.
 */
export class EndpointSync {
  readonly #tools: RotationTools;
  readonly #wanted: WantedEndpoint;
  readonly #hold: Hold;
  readonly #creation: EndpointCreation;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #startedAt = Date.now();
  #done: EndpointChange = 'unchanged';
  #missingUntil: number | undefined;

  constructor(tools: RotationTools, wanted: WantedEndpoint, hold: Hold) {
    this.#tools = tools;
    this.#wanted = wanted;
    this.#hold = hold;
    this.#creation = new EndpointCreation(tools, wanted, hold);
  }

  /** @throws GeminiWebhooksError `secret_not_saved`, `unknown_outcome`, `timeout`; what the SDK and the store throw */
  async run(): Promise<EndpointSyncResult> {
    while (Date.now() < this.#startedAt + GIVE_UP_AFTER_MS) {
      this.#hold.check();
      const [webhook, ...others] = await this.#creation.ofThatName();
      const settled = webhook ? await this.#settle(webhook) : await this.#create();
      if (settled) {
        this.#report(settled, others);
        return { webhook: settled, done: this.#done };
      }
      await wait(PAUSE_MS * (1 + Math.random()));
    }
    throw new GeminiWebhooksError(
      'timeout',
      `The endpoint "${this.#wanted.name}" is being changed by others and did not come to rest. Sync it again.`,
    );
  }

  async #create(): Promise<StaticWebhook | undefined> {
    const webhook = await this.#creation.create();
    if (!webhook) return undefined;
    this.#done = 'created';
    return this.#hold.isExclusive ? webhook : undefined;
  }

  /** @returns the webhook once nothing is left to do */
  async #settle(webhook: StaticWebhook): Promise<StaticWebhook | undefined> {
    try {
      // What was listed before says nothing of the secret after.
      if (await this.#waitForRotation()) return undefined;
      if (!(await this.#isSecretKept(webhook)) && !(await this.#recoverSecret(webhook))) return undefined;
      return await this.#update(webhook);
    } catch (error) {
      // Whoever made it has found an older one and removed it.
      if (!this.#hold.isExclusive && isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Without a lock nobody can tell a rotation that is under way elsewhere from one whose process was killed, until it has
   * had its time.
   *
   * @returns whether there was one to wait for
   */
  async #waitForRotation(): Promise<boolean> {
    if (this.#hold.isExclusive) return false;
    let hasWaited = false;
    for (;;) {
      const begun = await this.#wanted.store.rotation();
      if (!begun || begun.until <= Date.now()) return hasWaited;
      hasWaited = true;
      await wait(PAUSE_MS * (1 + Math.random()));
    }
  }

  async #isSecretKept(webhook: StaticWebhook): Promise<boolean> {
    const { store } = this.#wanted;
    if (!(await store.rotation())) return isCurrentSecretKept(webhook, await store.secrets());
    await this.#rotate(webhook);
    return true;
  }

  /** @returns whether it was done; another process may be about to */
  async #recoverSecret(webhook: StaticWebhook): Promise<boolean> {
    // Not the same for all, or all would step in at once.
    this.#missingUntil ??= Date.now() + (this.#hold.isExclusive ? 0 : PATIENCE_MS * (1 + Math.random()));
    if (Date.now() < this.#missingUntil) return false;
    this.#missingUntil = undefined;
    if (!(await this.#creation.recover(webhook))) await this.#rotate(webhook);
    return this.#hold.isExclusive;
  }

  async #rotate(webhook: StaticWebhook): Promise<void> {
    await rotateSecret(this.#tools, webhook, this.#wanted.store, 'after24h', this.#hold);
    if (this.#done !== 'created') this.#done = 'rotated';
    this.#logger.warn(
      `The secret of the endpoint "${this.#wanted.name}" was not kept anywhere, or its rotation was unfinished: it was rotated.`,
    );
  }

  async #update(webhook: StaticWebhook): Promise<StaticWebhook> {
    const { uri, events } = this.#wanted;
    const changes = {
      ...(webhook.uri !== uri && { uri }),
      ...(webhook.events.toSorted().join() !== events.toSorted().join() && { events }),
    };
    if (Object.keys(changes).length === 0) return webhook;
    this.#hold.check();
    const updated = await this.#tools.api.update(webhook.id, changes);
    if (this.#done === 'unchanged') this.#done = 'updated';
    return updated;
  }

  #report(webhook: StaticWebhook, others: readonly StaticWebhook[]): void {
    const { name } = this.#wanted;
    if (!isEnabled(webhook)) {
      this.#logger.warn(
        `Gemini does not deliver to the endpoint "${name}" (${webhook.id}): its state is ${webhook.state}. Once it answers, call GeminiWebhookEndpoints.enable('${webhook.id}').`,
      );
    }
    if (others.length > 0) {
      this.#logger.warn(
        `Several static webhooks are called "${name}". The oldest, ${webhook.id}, is kept in step; remove the others if they are not wanted: ${others.map(({ id }) => id).join(', ')}.`,
      );
    }
  }
}
