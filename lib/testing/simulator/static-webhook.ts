import { randomBytes, randomUUID } from 'node:crypto';
import { signV1, type SignedContent } from './delivery-signer.js';
import type { SimulatorClock } from './simulated-api.js';
import type { DeliveryTarget } from './webhook-sender.js';

const OLD_SECRET_VALID_MS = 24 * 3_600_000;

/** States of a webhook (typings of `@google/genai`). */
export const WEBHOOK_STATES = ['enabled', 'disabled', 'disabled_due_to_failed_deliveries'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** Settings of a webhook. */
export interface WebhookFields {
  readonly name?: string | undefined;
  readonly uri: string;
  readonly subscribed_events: readonly string[];
}

/** Changeable fields of a webhook. */
export interface WebhookChanges extends Partial<WebhookFields> {
  readonly state?: WebhookState;
}

interface Secret {
  readonly value: string;
  /** Unix milliseconds of the simulator's clock. */
  readonly expiresAt: number;
}

/** Static webhook: its settings and secrets. Disables itself if all retries of a delivery fail. */
export class StaticWebhook implements DeliveryTarget {
  readonly id = randomUUID();
  readonly scheme = 'v1';
  readonly sequence: number;
  readonly #clock: SimulatorClock;
  readonly #createdAt: number;
  #updatedAt: number;
  #fields: WebhookFields;
  #state: WebhookState = 'enabled';
  #secrets: readonly Secret[] = [];
  #acceptedAt = -Infinity;
  #isDeleted = false;

  constructor(clock: SimulatorClock, sequence: number, fields: WebhookFields) {
    this.#clock = clock;
    this.sequence = sequence;
    this.#fields = fields;
    this.#createdAt = clock.now();
    this.#updatedAt = this.#createdAt;
  }

  get url(): string {
    return this.#fields.uri;
  }

  get isOpen(): boolean {
    return this.#state === 'enabled' && !this.#isDeleted;
  }

  isSubscribedTo(type: string): boolean {
    return this.isOpen && this.#fields.subscribed_events.includes(type);
  }

  /** Signs with every valid secret, newest first. */
  sign(content: SignedContent): string {
    return signV1(
      this.#validSecrets().map(({ value }) => value),
      content,
    );
  }

  onAccepted(): void {
    this.#acceptedAt = this.#clock.now();
  }

  onRetriesExhausted(since: number): void {
    if (this.isOpen && this.#acceptedAt < since) this.update({ state: 'disabled_due_to_failed_deliveries' });
  }

  update({ state, ...fields }: WebhookChanges): void {
    this.#fields = { ...this.#fields, ...fields };
    this.#state = state ?? this.#state;
    this.#updatedAt = this.#clock.now();
  }

  delete(): void {
    this.#isDeleted = true;
  }

  /** Adds a secret. @returns the secret, which cannot be read later */
  newSecret(revoke: 'after_h24' | 'immediately'): string {
    const value = `whsec_${randomBytes(32).toString('base64')}`;
    const until = this.#clock.now() + OLD_SECRET_VALID_MS;
    const old = revoke === 'immediately' ? [] : this.#validSecrets();
    this.#secrets = [
      { value, expiresAt: Infinity },
      ...old.map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt, until) })),
    ];
    return value;
  }

  /** Returns the webhook as `webhooks.get` does. */
  toJSON(): object {
    return {
      id: this.id,
      ...this.#fields,
      state: this.#state,
      create_time: new Date(this.#createdAt).toISOString(),
      update_time: new Date(this.#updatedAt).toISOString(),
      signing_secrets: this.#validSecrets().map(({ value, expiresAt }) => ({
        truncated_secret: `${value.slice(0, 'whsec_'.length + 4)}...`,
        ...(expiresAt < Infinity && { expire_time: new Date(expiresAt).toISOString() }),
      })),
    };
  }

  #validSecrets(): readonly Secret[] {
    const now = this.#clock.now();
    return this.#secrets.filter(({ expiresAt }) => now < expiresAt);
  }
}
