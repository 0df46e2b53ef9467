import { GeminiWebhooksError, reasonOf } from '../errors.js';
import { isCurrentSecretKept } from './current-secret.js';
import type { EndpointStore } from './endpoint-store.js';
import type { Hold } from './exclusive.js';
import type { RotationTools } from './secret-rotation.js';
import type { StaticWebhook } from './static-webhook.js';
import { isOutcomeUnknown } from './webhooks-api.js';

/** A static webhook as it is to be. */
export interface WantedEndpoint {
  readonly name: string;
  readonly uri: string;
  readonly events: readonly string[];
  readonly store: EndpointStore;
}

/**
 * Makes a webhook so that of several processes that do so at once, one's stays. The secret is kept under the webhook's
 * own id first, where nobody else writes, and under the endpoint's name once it is clear that this webhook stays.
 */
export class EndpointCreation {
  readonly #tools: RotationTools;
  readonly #wanted: WantedEndpoint;
  readonly #hold: Hold;

  constructor(tools: RotationTools, wanted: WantedEndpoint, hold: Hold) {
    this.#tools = tools;
    this.#wanted = wanted;
    this.#hold = hold;
  }

  /** The webhooks of the endpoint's name, the oldest first. */
  async ofThatName(): Promise<StaticWebhook[]> {
    const all = await this.#tools.api.list();
    return all.filter(({ name }) => name === this.#wanted.name).toSorted((a, b) => ageOf(a) - ageOf(b));
  }

  /** @returns the webhook; `undefined` when another one is to stay, or one that was made unseen has to be looked for */
  async create(): Promise<StaticWebhook | undefined> {
    const made = await this.#make();
    if (!made) return undefined;
    const { webhook, secret } = made;
    const { store, name } = this.#wanted;
    await this.#keep(webhook, () => store.keepCreated(webhook.id, secret));
    if (!this.#hold.isExclusive && !(await this.#isToStay(webhook))) {
      await this.#tools.api.delete(webhook.id);
      await store.forgetCreated(webhook.id).catch(() => undefined);
      return undefined;
    }
    await this.#keep(webhook, () => store.save([{ value: secret }]));
    this.#tools.secrets?.apply(name, [{ value: secret }]);
    await store.forgetCreated(webhook.id).catch(() => undefined);
    return webhook;
  }

  /** Finishes what whoever made the webhook did not come to. @returns whether its secret is kept now */
  async recover(webhook: StaticWebhook): Promise<boolean> {
    const { store, name } = this.#wanted;
    const secret = await store.created(webhook.id);
    if (!secret || !isCurrentSecretKept(webhook, [secret])) return false;
    await store.save([secret]);
    this.#tools.secrets?.apply(name, [secret]);
    await store.forgetCreated(webhook.id).catch(() => undefined);
    return true;
  }

  async #make(): Promise<{ readonly webhook: StaticWebhook; readonly secret: string } | undefined> {
    const { name, uri, events } = this.#wanted;
    try {
      return await this.#tools.api.create(name, uri, events);
    } catch (error) {
      // Made all the same? Then it is found by its name, without anyone who knows its secret.
      if (isOutcomeUnknown(error) && (await this.ofThatName()).length > 0) return undefined;
      throw error;
    }
  }

  /** Only with no other that is as old: of two that were made in one instant neither stays. */
  async #isToStay(webhook: StaticWebhook): Promise<boolean> {
    const others = (await this.ofThatName()).filter(({ id }) => id !== webhook.id);
    return others.every((other) => ageOf(other) > ageOf(webhook));
  }

  async #keep({ id }: StaticWebhook, save: () => Promise<void>): Promise<void> {
    try {
      await save();
    } catch (cause) {
      const removed = await this.#tools.api.delete(id).then(
        () => 'It was removed again.',
        () => `It could not be removed again either: sync rotates its secret, or remove ${id} yourself.`,
      );
      throw new GeminiWebhooksError(
        'secret_not_saved',
        `The static webhook "${this.#wanted.name}" was made, but its secret could not be saved: ${reasonOf(cause)}. ${removed} Make the SigningSecretStore work, then sync again.`,
        { cause },
      );
    }
  }
}

/** When it was made, in Unix milliseconds. */
function ageOf({ createdAt }: StaticWebhook): number {
  const time = Date.parse(createdAt ?? '');
  return Number.isNaN(time) ? 0 : time;
}
