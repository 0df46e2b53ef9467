import type { GeminiEventAlias, SubscribableGeminiEventType } from '../events/event-catalogue.js';
import type { SigningSecretStore, SigningSecretStoreFactory } from './signing-secret-store.js';
import type { EndpointSyncResult } from './webhook-sync.js';
import type { RevokePrevious } from './webhooks-api.js';

/** Options of `GeminiWebhookEndpoints.sync`. */
export interface EndpointSyncOptions {
  /** Name by which the webhook is found at Gemini. */
  readonly name: string;
  /**
   * URI to which Gemini delivers.
   * @default `publicUrl` and the module instance's route
   */
  readonly uri?: string | undefined;
  /**
   * Types of the events to subscribe to. Old names are accepted: `batch.completed` is `batch.succeeded`. Use
   * `subscribableEvents` for strings from a configuration.
   */
  readonly events: readonly (SubscribableGeminiEventType | GeminiEventAlias)[];
  /** Store for its signing secret. */
  readonly secretStore: SigningSecretStore | SigningSecretStoreFactory;
}

/** Options of `GeminiWebhookEndpoints.rotate`. */
export interface RotateOptions {
  /** When the previous secrets are revoked: after 24 hours, or `now` for a secret that has leaked. */
  readonly revokePrevious: RevokePrevious;
  /**
   * Store for the new secret.
   * @default the store of the last `sync` of that webhook, or of the `endpoint` option
   */
  readonly secretStore?: SigningSecretStore | SigningSecretStoreFactory | undefined;
}

/** Status of the `endpoint` option's sync at start. */
export type EndpointStatus =
  | { readonly state: 'off' | 'syncing' }
  | ({ readonly state: 'synced' } & EndpointSyncResult)
  | { readonly state: 'failed'; readonly error: unknown };
