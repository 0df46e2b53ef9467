import { GeminiWebhooksError } from '../errors.js';
import { withTimeout } from '../with-timeout.js';
import type { SigningSecret, SigningSecretStore } from './signing-secret-store.js';
import type { RevokePrevious } from './webhooks-api.js';

const TIMEOUT_MS = 5_000;

/** How long a rotation may take, during which a mismatch is no proof of forgery. */
const ROTATION_MS = 60_000;

/** A rotation that was begun. It is still recorded after `until` when whoever began it was killed. */
export interface BegunRotation {
  readonly revokePrevious: RevokePrevious;
  /** Unix milliseconds. */
  readonly until: number;
}

/** What a store holds of one endpoint: its secrets, and under names of their own what is unfinished. Bounded in time. */
export class EndpointStore {
  readonly name: string;
  readonly #store: SigningSecretStore;

  constructor(name: string, store: SigningSecretStore) {
    this.name = name;
    this.#store = store;
  }

  /** Whether that is where it keeps them. */
  isOn(store: SigningSecretStore): boolean {
    return this.#store === store;
  }

  /** The secrets that have not expired, the newest first. */
  async secrets(): Promise<SigningSecret[]> {
    return unexpired(await this.#load(this.name), Date.now());
  }

  async save(secrets: readonly SigningSecret[]): Promise<void> {
    await this.#save(this.name, secrets);
  }

  /** The rotation that was begun and is not recorded as ended. */
  async rotation(): Promise<BegunRotation | undefined> {
    const [marker] = await this.#load(rotatingName(this.name));
    return marker && { revokePrevious: marker.value === 'now' ? 'now' : 'after24h', until: expiryOf(marker) };
  }

  /** @returns until when it may take, in Unix milliseconds */
  async beginRotation(revokePrevious: RevokePrevious): Promise<number> {
    const until = Date.now() + ROTATION_MS;
    await this.#save(rotatingName(this.name), [{ value: revokePrevious, expiresAt: new Date(until).toISOString() }]);
    return until;
  }

  async endRotation(): Promise<void> {
    await this.#save(rotatingName(this.name), []);
  }

  /** The secret of a webhook of this name that was made and is not known to be the one that stays. */
  async created(id: string): Promise<SigningSecret | undefined> {
    return (await this.#load(createdName(this.name, id)))[0];
  }

  async keepCreated(id: string, value: string): Promise<void> {
    await this.#save(createdName(this.name, id), [{ value }]);
  }

  async forgetCreated(id: string): Promise<void> {
    await this.#save(createdName(this.name, id), []);
  }

  /** @returns what ends it; `undefined` when the store cannot tell */
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
    throw new GeminiWebhooksError(
      'invalid_option',
      'The SigningSecretStore gave something else than a list of secrets.',
    );
  }

  async #save(name: string, secrets: readonly SigningSecret[]): Promise<void> {
    await withTimeout(
      Promise.resolve(this.#store.save(name, [...secrets])),
      TIMEOUT_MS,
      'The SigningSecretStore took too long to save',
    );
  }
}

/** Whether a name is taken for what is unfinished of another endpoint. */
export function isReservedName(name: string): boolean {
  return name.endsWith('.rotating') || name.includes('.created.');
}

/** When a secret expires, in Unix milliseconds; never, when nothing is said of it. */
export function expiryOf({ expiresAt }: SigningSecret): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt);
}

/** Those that have not expired. One whose expiry cannot be read has. */
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
