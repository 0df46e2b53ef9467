import { GeminiWebhooksError } from '../errors.js';
import { withTimeout } from '../shared/timeouts.js';
import type { SigningSecret, SigningSecretStore } from './signing-secret-store.js';
import type { RevokePrevious } from './webhooks-api.js';

const TIMEOUT_MS = 5_000;

/** Max duration of a rotation, during which a mismatch is no proof of forgery. */
const MAX_ROTATION_MS = 60_000;

/** A rotation that has begun. Its record stays after `until` if its process was killed. */
export interface UnfinishedRotation {
  readonly revokePrevious: RevokePrevious;
  /** Unix milliseconds. */
  readonly until: number;
}

/** Stores the secrets of one static webhook, and unfinished rotations and creations under derived names. Has timeouts. */
export class RotationStore {
  readonly name: string;
  readonly #store: SigningSecretStore;

  constructor(name: string, store: SigningSecretStore) {
    this.name = name;
    this.#store = store;
  }

  /** True if it uses that store. */
  uses(store: SigningSecretStore): boolean {
    return this.#store === store;
  }

  /** Returns the secrets that have not expired, the newest first. */
  async secrets(): Promise<SigningSecret[]> {
    return unexpired(await this.#load(this.name), Date.now());
  }

  async save(secrets: readonly SigningSecret[]): Promise<void> {
    await this.#save(this.name, secrets);
  }

  /** Returns the rotation that has begun and is not recorded as ended. */
  async rotation(): Promise<UnfinishedRotation | undefined> {
    const [marker] = await this.#load(rotatingName(this.name));
    return marker && { revokePrevious: marker.value === 'now' ? 'now' : 'after24h', until: expiryOf(marker) };
  }

  /** @returns the time by which it should have ended, Unix milliseconds */
  async beginRotation(revokePrevious: RevokePrevious): Promise<number> {
    const until = Date.now() + MAX_ROTATION_MS;
    await this.#save(rotatingName(this.name), [{ value: revokePrevious, expiresAt: new Date(until).toISOString() }]);
    return until;
  }

  async endRotation(): Promise<void> {
    await this.#save(rotatingName(this.name), []);
  }

  /** Returns the secret of a webhook of this name that was created and may not be the one that stays. */
  async created(id: string): Promise<SigningSecret | undefined> {
    return (await this.#load(createdName(this.name, id)))[0];
  }

  async saveCreated(id: string, value: string): Promise<void> {
    await this.#save(createdName(this.name, id), [{ value }]);
  }

  async removeCreated(id: string): Promise<void> {
    await this.#save(createdName(this.name, id), []);
  }

  /** @returns a function that stops the watch; `undefined` if the store has no watches */
  watch(changed: () => void): Promise<() => void> | undefined {
    return this.#store.watch?.(this.name, changed);
  }

  async #load(name: string): Promise<SigningSecret[]> {
    const secrets: unknown = await withTimeout(
      Promise.resolve(this.#store.load(name)),
      TIMEOUT_MS,
      'The SigningSecretStore took too long to load',
    );
    if (Array.isArray(secrets) && secrets.every(isSecret)) return secrets;
    throw new GeminiWebhooksError('invalid_option', 'The SigningSecretStore did not return a list of secrets.');
  }

  async #save(name: string, secrets: readonly SigningSecret[]): Promise<void> {
    await withTimeout(
      Promise.resolve(this.#store.save(name, [...secrets])),
      TIMEOUT_MS,
      'The SigningSecretStore took too long to save',
    );
  }
}

/** True for a name that a static webhook can have. Some are reserved for the unfinished work of another one. */
export function isWebhookName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.length > 200) return false;
  return !name.endsWith('.rotating') && !name.includes('.created.');
}

/** Returns when a secret expires, in Unix milliseconds; `Infinity` without an expiry. */
export function expiryOf({ expiresAt }: SigningSecret): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt);
}

/** Returns the secrets that have not expired. One with an invalid expiry counts as expired. */
export function unexpired(secrets: readonly SigningSecret[], now: number): SigningSecret[] {
  return secrets.filter((secret) => expiryOf(secret) > now);
}

function rotatingName(name: string): string {
  return `${name}.rotating`;
}

function createdName(name: string, id: string): string {
  return `${name}.created.${id}`;
}

function isSecret(secret: unknown): secret is SigningSecret {
  const { value, expiresAt } = (secret ?? {}) as Partial<SigningSecret>;
  return typeof value === 'string' && (expiresAt === undefined || typeof expiresAt === 'string');
}
