import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { GeminiClient } from '../config/gemini-client.js';
import type { EndpointConfig } from '../config/static-webhook.config.js';
import { GeminiWebhooksError, reasonOf } from '../errors.js';
import { subscribedEvents } from '../events/subscribable-events.js';
import { checkedUri } from '../config/route-url.js';
import { callOptions, quoted } from '../shared/check-object.js';
import { settlesWithin } from '../shared/timeouts.js';
import type { EndpointStatus, EndpointSyncOptions, RotateOptions } from './endpoint-options.js';
import type { StaticWebhookSecrets } from './webhook-secrets.js';
import { isWebhookName, type RotationStore } from './rotation-store.js';
import { SecretStores } from './secret-stores.js';
import { WebhookSync, type EndpointSyncResult } from './webhook-sync.js';
import { WebhookLock, type DistributedLock, type HeldLock, type LockWait } from './webhook-lock.js';
import { rotateSecret, type RotationDeps } from './secret-rotation.js';
import type { SigningSecretStore, SigningSecretStoreHost } from './signing-secret-store.js';
import type { StaticWebhook } from './static-webhook.js';
import { WebhooksApi } from './webhooks-api.js';

const OWNER = 'GeminiWebhookEndpoints';
const NAME_TODO = 'Give 1 to 200 characters that do not end with ".rotating" and do not contain ".created.".';

/** Max time that an optional sync delays the start of the app. */
const MAX_START_WAIT_MS = 5_000;

type SyncFailure = Extract<EndpointStatus, { readonly state: 'failed' }>;

/** Dependencies of `GeminiWebhookEndpoints`. */
export interface GeminiWebhookEndpointsParts {
  readonly ai: GeminiClient | undefined;
  /** Passed to factories of stores. */
  readonly host: SigningSecretStoreHost;
  /** Secrets of this process's verifiers, if it has any. */
  readonly secrets?: StaticWebhookSecrets;
  /** Lock of all processes on the inbox's store, if the inbox has locks. */
  readonly lock?: DistributedLock | undefined;
  /** Returns the public URL of the route. */
  readonly routeUri?: () => string;
}

/**
 * Manages the project's static webhooks in code: creates, syncs and rotates them. A new signing secret, which Gemini shows
 * once, is stored before anything else happens, and the running verifiers use it at once.
 *
 * @example
 * const { webhook } = await endpoints.sync({ name: 'my-app', events: ['batch.succeeded'], secretStore });
 * await endpoints.rotate(webhook.id, { revokePrevious: 'after24h' });
 */
export class GeminiWebhookEndpoints implements OnApplicationShutdown {
  readonly #parts: GeminiWebhookEndpointsParts;
  readonly #lock: WebhookLock;
  readonly #stores: SecretStores;
  readonly #logger = new Logger('GeminiWebhooks');
  #status: EndpointStatus = { state: 'off' };
  #isClosed = false;

  constructor(parts: GeminiWebhookEndpointsParts) {
    this.#parts = parts;
    this.#lock = new WebhookLock(parts.lock);
    this.#stores = new SecretStores(parts.host);
  }

  /** Status of the `endpoint` option's sync at start. */
  get status(): EndpointStatus {
    return this.#status;
  }

  /**
   * Finds the static webhook by its name, creates it if there is none, and updates what differs. Idempotent, and safe to
   * call in several processes at once. A disabled webhook is logged and stays disabled. If the store does not have its
   * secret, the secret is rotated, and the old one stays valid for 24 hours.
   *
   * @throws GeminiWebhooksError `invalid_argument` before any request, for example for an event that cannot be subscribed to;
   *   `invalid_option` without a client or a URI; `secret_not_saved` when the store fails; `inbox_unavailable` when the
   *   lock cannot be acquired; what the SDK throws
   */
  async sync(options: EndpointSyncOptions): Promise<EndpointSyncResult> {
    return this.#stores.during(() => this.#sync(callOptions(`${OWNER}.sync`, options)));
  }

  async #sync({ name, uri, events, secretStore }: EndpointSyncOptions, wait?: LockWait): Promise<EndpointSyncResult> {
    if (!isWebhookName(name)) throw invalidArgument(`sync: name: got ${quoted(name)}. ${NAME_TODO}`);
    const subscribed = subscribedEvents(events);
    if ('todo' in subscribed) throw invalidArgument(`sync: events: ${subscribed.given}. ${subscribed.todo}`);
    const target = uri === undefined ? this.#routeUri() : checkedUri(OWNER, uri);
    const deps = this.#deps();
    const opened = this.#stores.open(`${OWNER}.sync`, secretStore);
    this.#use(name, opened);
    const work = (lock: HeldLock) => {
      // Again, because a removal may have held the lock meanwhile.
      const store = this.#use(name, opened);
      return new WebhookSync(deps, { name, uri: target, events: subscribed.types, store }, lock).run();
    };
    return this.#lock.run(name, work, wait);
  }

  /**
   * Rotates the signing secret of a static webhook. Runs in one process at a time if the inbox has locks. After a crash at
   * any step, call it or `sync` again to finish the rotation.
   *
   * @throws GeminiWebhooksError `secret_not_saved` or `unknown_outcome`, with what to do; `invalid_argument` when no store
   *   is known; `inbox_unavailable` when the lock cannot be acquired; what the SDK throws
   */
  async rotate(id: string, options: RotateOptions): Promise<void> {
    await this.#stores.during(() => this.#rotate(id, options));
  }

  async #rotate(id: string, options: RotateOptions): Promise<void> {
    const { revokePrevious, secretStore } = callOptions(`${OWNER}.rotate`, options);
    if (revokePrevious !== 'after24h' && revokePrevious !== 'now')
      throw invalidArgument(`rotate: revokePrevious: give 'after24h' or 'now'.`);
    const opened = secretStore === undefined ? undefined : this.#stores.open(`${OWNER}.rotate`, secretStore);
    const deps = this.#deps();
    const webhook = await deps.api.get(id);
    const { name = id } = webhook;
    const store = opened ? this.#use(name, opened) : this.#stores.get(name);
    if (!store) {
      throw invalidArgument(
        `rotate: no store is known for the static webhook "${name}". Give a secretStore, or sync it first.`,
      );
    }
    await this.#lock.run(name, (lock) => rotateSecret(deps, webhook, store, revokePrevious, lock));
  }

  /** Returns every static webhook of the project. @throws what the SDK throws */
  async list(): Promise<StaticWebhook[]> {
    return this.#api().list();
  }

  /** Makes Gemini send a test delivery. @throws what the SDK throws */
  async ping(id: string): Promise<void> {
    await this.#api().ping(id);
  }

  /** Enables a disabled webhook, so that Gemini delivers to it again. @throws what the SDK throws */
  async enable(id: string): Promise<StaticWebhook> {
    return this.#api().update(id, { state: 'enabled' });
  }

  /** Removes a webhook at Gemini, and its secrets from the store that this process uses for its name. @throws what the SDK throws */
  async remove(id: string): Promise<void> {
    await this.#stores.during(() => this.#remove(id));
  }

  async #remove(id: string): Promise<void> {
    const { api, secrets } = this.#deps();
    const { name = id } = await api.get(id);
    await this.#lock.run(name, async () => {
      await api.delete(id);
      const store = this.#stores.get(name);
      if (!store || (await api.list()).some((other) => other.name === name)) return;
      await store.save([]);
      this.#stores.forget(name);
      await secrets?.unfollow(name);
    });
  }

  /**
   * Syncs the `endpoint` option and follows its secrets. Unless the sync is required, it resolves within a few seconds and
   * also if the sync fails.
   */
  async syncAtStart({ required, ...endpoint }: EndpointConfig): Promise<void> {
    if (this.#isClosed) return;
    this.#use(endpoint.name, this.#stores.open(`${OWNER}.sync`, endpoint.secretStore));
    this.#status = { state: 'syncing' };
    const synced = this.#stores.during(() => this.#sync(endpoint, { isPatient: true }));
    const failure = synced.then(
      (result) => this.#syncedAtStart(endpoint.name, result),
      (error: unknown) => this.#failedAtStart(endpoint.name, error),
    );
    if (!required) await settlesWithin(failure, MAX_START_WAIT_MS);
    else await failure.then((failed) => failed && Promise.reject(failed.error as Error));
  }

  #syncedAtStart(name: string, result: EndpointSyncResult): void {
    this.#status = { state: 'synced', ...result };
    if (this.#isClosed) return;
    const { webhook, done } = result;
    this.#logger.log(`The static webhook "${name}" (${webhook.id}) at ${webhook.uri}: ${done}.`);
  }

  #failedAtStart(name: string, error: unknown): SyncFailure {
    const failure: SyncFailure = { state: 'failed', error };
    this.#status = failure;
    if (this.#isClosed) return failure;
    this.#logger.error(
      `The static webhook "${name}" could not be synced: ${reasonOf(error)}. Deliveries are verified with the stored secrets. Call GeminiWebhookEndpoints.sync, or restart the app.`,
    );
    return failure;
  }

  /** Closes the stores that this object created. */
  async onApplicationShutdown(): Promise<void> {
    this.#isClosed = true;
    await this.#stores.close();
  }

  #use(name: string, opened: SigningSecretStore): RotationStore {
    const store = this.#stores.use(name, opened);
    this.#parts.secrets?.follow(store);
    return store;
  }

  #deps(): RotationDeps {
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

const invalidArgument = (message: string) => new GeminiWebhooksError('invalid_argument', `${OWNER}.${message}`);
