import type { GoogleGenAI, GoogleGenAIOptions } from '@google/genai';
import type { JSONWebKeySet } from 'jose';
import type { SigningSecretStore, SigningSecretStoreFactory } from '../static-webhooks/signing-secret-store.js';
import type { GeminiEventAlias, SubscribableGeminiEventType } from '../events/event-catalogue.js';
import type { Type } from '@nestjs/common';
import type { AroundGeminiHandler } from '../handlers/around-handler.js';
import type { InboxEngineFactory } from '../inbox/inbox-engine.js';
import type { JobsOptions } from './jobs.options.js';
import type { SignatureStrategy } from '../signature/signature-strategy.js';

/** Options of the module instance and its route. Static: pass them to `forRoot`, or next to the factory in `forRootAsync`. */
export interface GeminiWebhooksRouteOptions {
  /**
   * Name of the module instance. It is part of event keys, queue names and log lines, so keep it stable across deploys.
   * The app does not start if two instances have the same name. 1 to 64 letters, digits, `.`, `_` and `-`.
   * @default 'default'
   */
  readonly name?: string | undefined;
  /**
   * Path of the route, below the app's global prefix. Segments may be parameters: `gemini/:project`.
   * @default `GEMINI_WEBHOOK_PATH` (forRoot only, from the process environment), else 'gemini/webhooks'
   */
  readonly path?: string | undefined;
  /**
   * Set to `false` to mount no route: in workers, and in apps that define their own route.
   * @default true
   */
  readonly controller?: boolean | undefined;
  /**
   * Decorators to apply to the route's controller, such as metadata that your global guards read.
   * @example [Public(), SkipThrottle()]
   * @default []
   */
  readonly decorators?: readonly ClassDecorator[] | undefined;
  /**
   * Makes the module's exports injectable in every module, without an import.
   * @default true
   */
  readonly global?: boolean | undefined;
}

/** Settings for verifying, storing and handling deliveries. Each has a default or is read from the environment. */
export interface GeminiWebhooksSettings {
  /**
   * Verifies static webhooks, which Gemini signs with the webhook's own secret.
   * @default `GEMINI_WEBHOOK_SECRET` from the environment, else `WEBHOOK_SIGNING_SECRET` (comma-separated); off if neither is set
   */
  readonly hmac?: HmacOptions | false | undefined;
  /**
   * Verifies dynamic webhooks, which Gemini signs with Google's keys.
   * @default Google's key set
   */
  readonly jwks?: JwksOptions | false | undefined;
  /**
   * Custom verification strategies, tried after the built-in ones.
   * @default []
   */
  readonly strategies?: readonly SignatureStrategy[] | undefined;
  /**
   * Max difference between a delivery's timestamp and the current time, in seconds, in either direction. Up to 86400.
   * @default 300
   */
  readonly toleranceSeconds?: number | undefined;
  /**
   * Max body size, in bytes. A larger body is rejected with 413.
   * @default 262144
   */
  readonly bodyLimitBytes?: number | undefined;
  /**
   * Max time to receive a body, in milliseconds. A slower upload is rejected with 408.
   * @default 10000
   */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * The inbox, which owns an event from the moment the delivery is answered with 2xx.
   * @default inlineInbox()
   */
  readonly inbox?: InboxEngineFactory | undefined;
  /**
   * The Gemini client, or the options to create one. Without `binding.secret`, binding tokens are derived from its API
   * key.
   * @default a client with `GOOGLE_API_KEY` from the environment, else `GEMINI_API_KEY`; none if neither is set
   */
  readonly gemini?: GoogleGenAI | GoogleGenAIOptions | false | undefined;
  /**
   * Public origin of this app, or the full public URL of the route. The full URL is required with `controller: false`,
   * with your own route, and behind a proxy that rewrites paths.
   * @default `GEMINI_WEBHOOK_PUBLIC_URL`
   */
  readonly publicUrl?: string | undefined;
  /**
   * Google signs the dynamic webhooks of all Gemini projects with the same keys. Each delivery must therefore also carry
   * a token that only this deployment can mint. `false` accepts deliveries of every project.
   * @default on
   */
  readonly binding?: BindingOptions | false | undefined;
  /**
   * Classes whose `around(run, next)` runs around each attempt of a handler, the first outermost. A class that the app
   * provides is used as it is; another is created, with dependencies that are exported globally.
   * @default []
   */
  readonly around?: readonly Type<AroundGeminiHandler>[] | undefined;
  /** Options for the jobs that `GeminiJobs` starts and tracks. */
  readonly jobs?: JobsOptions | undefined;
  /**
   * The project's static webhook. At start it is created, or updated to match these options. Its signing secret is saved
   * in the secret store, and every process verifies with it.
   * @default false
   */
  readonly endpoint?: EndpointOptions | false | undefined;
}

/** All options of `GeminiWebhooksModule.forRoot`. */
export interface GeminiWebhooksModuleOptions extends GeminiWebhooksRouteOptions, GeminiWebhooksSettings {}

/** @see GeminiWebhooksSettings.hmac */
export interface HmacOptions {
  /**
   * The signing secret (`whsec_…`), which Gemini shows only once. Pass a list during a rotation, or a function of the
   * route's parameters. The function has 2 seconds; if it throws, the delivery is answered with 503 and Google retries.
   */
  readonly secrets: string | readonly string[] | HmacSecretsResolver;
}

/** Returns the signing secrets for the route's parameters: `{ project: 'acme' }` for the path `gemini/:project`. */
export type HmacSecretsResolver = (
  params: Readonly<Record<string, string>>,
) => string | readonly string[] | Promise<string | readonly string[]>;

/** @see GeminiWebhooksSettings.jwks */
export interface JwksOptions {
  /**
   * URL of the key set: `https:`, or `http:` on loopback.
   * @default `GEMINI_WEBHOOK_JWKS_URL`, else Google's
   */
  readonly url?: string | undefined;
  /**
   * Required `aud` of JWT signatures.
   * @default `GEMINI_WEBHOOK_AUDIENCE`, else any
   */
  readonly audience?: string | readonly string[] | undefined;
  /**
   * Required `iss` of JWT signatures.
   * @default any
   */
  readonly issuer?: string | readonly string[] | undefined;
  /**
   * Max time to fetch the key set, in milliseconds.
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Max age of the cached key set before it is fetched again, in milliseconds.
   * @default 600000 (10 min)
   */
  readonly cacheMaxAgeMs?: number | undefined;
  /**
   * Time for which an expired key set is still used if fetching a new one fails, in milliseconds.
   * @default 86400000 (24 h)
   */
  readonly staleIfErrorMs?: number | undefined;
  /** A fixed key set. Nothing is fetched. */
  readonly keySet?: JSONWebKeySet | undefined;
}

/** @see GeminiWebhooksSettings.binding */
export interface BindingOptions {
  /**
   * Random string of at least 16 characters. In a list, the first mints tokens and all verify them: to rotate, put the
   * new secret first.
   * @default `GEMINI_WEBHOOK_BINDING_SECRET` (comma-separated), else derived from the client's API key. Replacing that key
   *   then invalidates the tokens of running jobs, unless `previousApiKeys` lists the old key
   */
  readonly secret?: string | readonly string[] | undefined;
  /**
   * Old API keys during a key rotation. Tokens derived from them still verify, as do those of `secret` or of the current
   * API key. They mint no tokens and are not used to call Gemini. Remove them once the jobs started with them have ended
   * and `ttlSeconds` has passed.
   * @default `GEMINI_WEBHOOK_PREVIOUS_API_KEYS` (comma-separated), else none
   */
  readonly previousApiKeys?: readonly string[] | undefined;
  /**
   * Lifetime of a token, in seconds. It must cover the longest job plus Google's retries.
   * @default 345600 (96 h)
   */
  readonly ttlSeconds?: number | undefined;
}

/** @see GeminiWebhooksSettings.endpoint */
export interface EndpointOptions {
  /** Name of the webhook at Gemini. It identifies the webhook and is unique within a project. */
  readonly name: string;
  /**
   * URI that Gemini delivers to.
   * @default the route's public URL, from `publicUrl`
   */
  readonly uri?: string | undefined;
  /**
   * Events to subscribe to. Old names are accepted: `batch.completed` means `batch.succeeded`. To read them from a
   * configuration string, use `subscribableEvents`.
   * @example ['batch.succeeded', 'batch.failed', 'video.generated']
   */
  readonly events: readonly (SubscribableGeminiEventType | GeminiEventAlias)[];
  /** Store for the signing secret, which Gemini shows only once: `fileSecretStore(path)` or your own store. */
  readonly secretStore: SigningSecretStore | SigningSecretStoreFactory;
  /**
   * Stops the app from starting if the webhook cannot be synced. By default the failure is logged and reported by
   * `GeminiWebhookEndpoints.status`.
   * @default false
   */
  readonly required?: boolean | undefined;
}

/** Creates the settings for `forRootAsync({ useClass })` and `forRootAsync({ useExisting })`. */
export interface GeminiWebhooksOptionsFactory {
  createGeminiWebhooksOptions(): GeminiWebhooksSettings | Promise<GeminiWebhooksSettings>;
}
