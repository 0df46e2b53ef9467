import type { GoogleGenAI } from '@google/genai';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { EndpointConfig } from '../endpoints.config.js';
import { GeminiWebhooksError, reasonOf } from '../errors.js';
import { subscribedEvents } from '../events/subscribable-events.js';
import { checkedUri } from '../route-url.js';
import { settlesWithin } from '../with-timeout.js';
import type { EndpointSecrets } from './endpoint-secrets.js';
import { EndpointStore, isReservedName } from './endpoint-store.js';
import { EndpointSync, type EndpointSyncResult } from './endpoint-sync.js';
import { Exclusive, type FleetLock } from './exclusive.js';
import { rotateSecret, type RotationTools } from './secret-rotation.js';
import type { SigningSecretStore, SigningSecretStoreFactory, SigningSecretStoreHost } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';
import { WebhooksApi, type RevokePrevious } from './webhooks-api.js';

const OWNER = 'GeminiWebhookEndpoints';

/** How long the start of the app waits for a sync that is not required. */
const START_WAIT_MS = 5_000;

/** What `GeminiWebhookEndpoints.sync` takes. */
export interface EndpointSyncOptions {
  /** The webhook's name at Gemini, by which it is found. */
  readonly name: string;
  /**
   * Where Gemini delivers.
   * @default `publicUrl` and the registration's route
   */
  readonly uri?: string | undefined;
  /** What it is to be told of. Old names are taken: `batch.completed` is `batch.succeeded`. */
  readonly events: readonly string[];
  /** Where its signing secret is kept. */
  readonly secretStore: SigningSecretStore | SigningSecretStoreFactory;
}

/** What `GeminiWebhookEndpoints.rotate` takes. */
export interface RotateOptions {
  /** Whether the secrets before are valid for 24 h more, or no longer: `now` is for a secret that has leaked. */
  readonly revokePrevious: RevokePrevious;
  /**
   * Where the new secret is kept.
   * @default the store of the last `sync` of that endpoint, or of the `endpoint` option
   */
  readonly secretStore?: SigningSecretStore | SigningSecretStoreFactory | undefined;
}

/** How the `endpoint` option's sync at start went. */
export type EndpointStatus =
  | { readonly state: 'off' | 'syncing' }
  | ({ readonly state: 'synced' } & EndpointSyncResult)
  | { readonly state: 'failed'; readonly error: unknown };

type EndpointFailure = Extract<EndpointStatus, { readonly state: 'failed' }>;

/** What `GeminiWebhookEndpoints` works with. */
export interface GeminiWebhookEndpointsParts {
  readonly ai: GoogleGenAI | undefined;
  /** What a store that is made by a factory is given. */
  readonly host: SigningSecretStoreHost;
  /** The verifiers of this process, where there are any. */
  readonly secrets?: EndpointSecrets;
  /** The fleet's lock, where there is one. */
  readonly lock?: FleetLock | undefined;
  /** The public URL of the route. */
  readonly routeUri?: () => string;
}

/**
 * The project's static webhooks as code: made, kept in step, rotated. A new signing secret, which Gemini shows once, is
 * in the store before anything else happens, and the running verifiers use it at once.
 *
 * @example
 * const { webhook } = await endpoints.sync({ name: 'my-app', events: ['batch.succeeded'], secretStore });
 * await endpoints.rotate(webhook.id, { revokePrevious: 'after24h' });
 */
export class GeminiWebhookEndpoints implements OnApplicationShutdown {
  readonly #parts: GeminiWebhookEndpointsParts;
  readonly #exclusive: Exclusive;
  readonly #made = new Map<SigningSecretStoreFactory, SigningSecretStore>();
  /** By the endpoint's name. */
  readonly #stores = new Map<string, EndpointStore>();
  readonly #logger = new Logger('GeminiWebhooks');
  #status: EndpointStatus = { state: 'off' };

  constructor(parts: GeminiWebhookEndpointsParts) {
    this.#parts = parts;
    this.#exclusive = new Exclusive(parts.lock);
  }

  /** How the `endpoint` option's sync at start went. */
  get status(): EndpointStatus {
    return this.#status;
  }

  /**
   * Finds the static webhook by its name, makes it when there is none, and changes what differs; idempotent, and safe
   * from several processes at once. A webhook that is disabled is reported and stays so. One whose secret is not in the
   * store is given a new one, the old one being valid for 24 h more.
   *
   * @throws GeminiWebhooksError `invalid_argument` for an event that cannot be subscribed to, before any call is made;
   *   `invalid_option` without a client or a URI; `secret_not_saved` when the store fails; `inbox_unavailable` when the
   *   fleet's lock is not to be had; what the SDK throws
   */
  async sync({ name, uri, events, secretStore }: EndpointSyncOptions): Promise<EndpointSyncResult> {
    checkName(name);
    const asked = subscribedEvents(events);
    if ('todo' in asked) throw invalidArgument(`sync: events: ${asked.given}. ${asked.todo}`);
    const target = uri === undefined ? this.#routeUri() : checkedUri(OWNER, uri);
    const tools = this.#tools();
    const wanted = { name, uri: target, events: asked.types, store: this.#keepIn(name, secretStore) };
    return this.#exclusive.run(name, (hold) => new EndpointSync(tools, wanted, hold).run());
  }

  /**
   * Gives a webhook a new signing secret. One process of the fleet at a time, where its inbox has a lock; after a crash
   * at any step, calling it again or `sync` finishes it.
   *
   * @throws GeminiWebhooksError `secret_not_saved` or `unknown_outcome`, with what to do; `invalid_argument` when no store
   *   is known; `inbox_unavailable` when the fleet's lock is not to be had; what the SDK throws
   */
  async rotate(id: string, { revokePrevious, secretStore }: RotateOptions): Promise<void> {
    if (revokePrevious !== 'after24h' && revokePrevious !== 'now') {
      throw invalidArgument(`rotate: revokePrevious: give 'after24h' or 'now'.`);
    }
    const tools = this.#tools();
    const webhook = await tools.api.get(id);
    const { name = id } = webhook;
    const store = secretStore ? this.#keepIn(name, secretStore) : this.#stores.get(name);
    if (!store) {
      throw invalidArgument(
        `rotate: no store is known for the endpoint "${name}". Give a secretStore, or sync it first.`,
      );
    }
    await this.#exclusive.run(name, (hold) => rotateSecret(tools, webhook, store, revokePrevious, hold));
  }

  /** Every static webhook of the project. @throws what the SDK throws */
  async list(): Promise<StaticWebhook[]> {
    return this.#api().list();
  }

  /** Has Gemini send a test delivery. @throws what the SDK throws */
  async ping(id: string): Promise<void> {
    await this.#api().ping(id);
  }

  /** Has Gemini deliver again to a webhook that is disabled. @throws what the SDK throws */
  async enable(id: string): Promise<StaticWebhook> {
    return this.#api().update(id, { state: 'enabled' });
  }

  /** Removes a webhook at Gemini, and its secrets from the store that this process knows for its name. @throws what the SDK throws */
  async remove(id: string): Promise<void> {
    const { api, secrets } = this.#tools();
    const { name = id } = await api.get(id);
    await this.#exclusive.run(name, async () => {
      await api.delete(id);
      const store = this.#stores.get(name);
      if (!store || (await api.list()).some((other) => other.name === name)) return;
      await store.save([]);
      secrets?.apply(name, []);
    });
  }

  /**
   * Follows and syncs the `endpoint` option. Resolves whether or not that works, unless it is required, and does not keep
   * the app from starting for longer than a few seconds.
   */
  async syncAtStart({ required, ...endpoint }: EndpointConfig): Promise<void> {
    this.#keepIn(endpoint.name, endpoint.secretStore);
    this.#status = { state: 'syncing' };
    const failure = this.sync(endpoint).then(
      (result) => void (this.#status = { state: 'synced', ...result }),
      (error: unknown) => this.#failedAtStart(endpoint.name, error),
    );
    if (!required) await settlesWithin(failure, START_WAIT_MS);
    else await failure.then((failed) => failed && Promise.reject(failed.error as Error));
  }

  #failedAtStart(name: string, error: unknown): EndpointFailure {
    const failure: EndpointFailure = { state: 'failed', error };
    this.#status = failure;
    this.#logger.error(
      `The static webhook "${name}" could not be synced: ${reasonOf(error)}. Deliveries are verified with the secrets that its store has. Call GeminiWebhookEndpoints.sync, or restart the app.`,
    );
    return failure;
  }

  /** Closes the stores that were made here. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.#made.values()].map((store) => store.close?.()));
  }

  #keepIn(name: string, given: SigningSecretStore | SigningSecretStoreFactory): EndpointStore {
    const wanted = typeof given === 'function' ? this.#storeBy(given) : given;
    const known = this.#stores.get(name);
    const store = known?.isOn(wanted) ? known : new EndpointStore(name, wanted);
    this.#stores.set(name, store);
    this.#parts.secrets?.follow(store);
    return store;
  }

  #storeBy(factory: SigningSecretStoreFactory): SigningSecretStore {
    const store = this.#made.get(factory) ?? factory(this.#parts.host);
    this.#made.set(factory, store);
    return store;
  }

  #tools(): RotationTools {
    return { api: this.#api(), secrets: this.#parts.secrets };
  }

  #routeUri(): string {
    if (this.#parts.routeUri) return this.#parts.routeUri();
    throw invalidArgument('sync: give a uri.');
  }

  #api(): WebhooksApi {
    const { ai } = this.#parts;
    if (ai) return new WebhooksApi(ai);
    throw new GeminiWebhooksError(
      'invalid_option',
      `${OWNER}: there is no Gemini client. Set GEMINI_API_KEY, or give the option gemini.`,
    );
  }
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && name.length <= 200 && !isReservedName(name)) return;
  throw invalidArgument(
    `sync: name: got ${JSON.stringify(name)}. Give 1 to 200 characters that do not end with ".rotating" and hold no ".created.".`,
  );
}

function invalidArgument(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `${OWNER}.${message}`);
}
