import type { GoogleGenAI, GoogleGenAIOptions } from '@google/genai';
import type { ModuleMetadata, Provider, Type } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import type { SigningSecretStore, SigningSecretStoreFactory } from './endpoints/signing-secret-store.js';
import type { InboxEngineFactory } from './inbox/inbox-engine.js';
import type { SignatureStrategy } from './signature/signature-strategy.js';

/** What shapes the route. Static: given to `forRoot`, or beside the factory of `forRootAsync`. */
export interface GeminiWebhooksRouteOptions {
  /**
   * The registration's name: in event keys, queue names and logs, so keep it stable across deploys. Two registrations
   * of one name stop the app. Letters, digits, `.`, `_` and `-`.
   * @default 'default'
   */
  readonly name?: string | undefined;
  /**
   * Where the route is mounted, below the app's global prefix. Segments may be parameters: `gemini/:project`.
   * @default `GEMINI_WEBHOOK_PATH` (forRoot only, from the process environment), else 'gemini/webhooks'
   */
  readonly path?: string | undefined;
  /**
   * `false` mounts no route: for workers, and for apps with a route of their own.
   * @default true
   */
  readonly controller?: boolean | undefined;
  /**
   * Put on the route's controller: what your global guards look for.
   * @example [Public(), SkipThrottle()]
   * @default []
   */
  readonly decorators?: readonly ClassDecorator[] | undefined;
  /**
   * Whether other modules inject what this one exports without importing it.
   * @default true
   */
  readonly global?: boolean | undefined;
}

/** How deliveries are verified, kept and handled. All of it has defaults or comes from the environment. */
export interface GeminiWebhooksSettings {
  /**
   * Static webhooks, signed with a secret of the endpoint.
   * @default the environment's `GEMINI_WEBHOOK_SECRET`, else `WEBHOOK_SIGNING_SECRET` (several with commas); off when there is none
   */
  readonly hmac?: HmacOptions | false | undefined;
  /**
   * Dynamic webhooks, signed with Google's keys.
   * @default Google's key set
   */
  readonly jwks?: JwksOptions | false | undefined;
  /**
   * Your own ways to verify a delivery, tried after the built-in ones.
   * @default []
   */
  readonly strategies?: readonly SignatureStrategy[] | undefined;
  /**
   * How far a delivery's timestamp may be from now, in seconds, either way. At most 86400.
   * @default 300
   */
  readonly toleranceSeconds?: number | undefined;
  /**
   * The largest body taken, in bytes.
   * @default 262144
   */
  readonly bodyLimitBytes?: number | undefined;
  /**
   * How long a body may take to arrive, in milliseconds. Slower uploads are given up with 408.
   * @default 10000
   */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * Who is responsible for an event once it is answered with 2xx.
   * @default inlineInbox()
   */
  readonly inbox?: InboxEngineFactory | undefined;
  /**
   * The Gemini client, or how to make one. Its API key is what binding tokens are derived from when no
   * `binding.secret` is given.
   * @default a client for the environment's `GOOGLE_API_KEY`, else `GEMINI_API_KEY`, when there is one
   */
  readonly gemini?: GoogleGenAI | GoogleGenAIOptions | false | undefined;
  /**
   * Origin at which Google reaches this app, or the route's full URL: required in full with `controller: false`, with a
   * route of your own, or behind a proxy that rewrites paths.
   * @default `GEMINI_WEBHOOK_PUBLIC_URL`
   */
  readonly publicUrl?: string | undefined;
  /**
   * Dynamic deliveries are signed with a key that signs for every Gemini project, so each must also carry a token that
   * only this deployment can have minted. `false` takes every project's.
   * @default on
   */
  readonly binding?: BindingOptions | false | undefined;
  /** How jobs that `GeminiJobs` started or tracks are followed. */
  readonly jobs?: JobsOptions | undefined;
  /**
   * The project's static webhook: made or changed at start to be as it says here, and its signing secret kept, shared
   * and used by every process.
   * @default false
   */
  readonly endpoint?: EndpointOptions | false | undefined;
}

/** All options of `GeminiWebhooksModule.forRoot`. */
export interface GeminiWebhooksModuleOptions extends GeminiWebhooksRouteOptions, GeminiWebhooksSettings {}

/** @see GeminiWebhooksSettings.hmac */
export interface HmacOptions {
  /**
   * `whsec_…` as Gemini showed it once. Several while one replaces another, or a function of the route's parameters
   * (at most 2 s; when it throws, the answer is 503 and Google tries again).
   */
  readonly secrets: string | readonly string[] | HmacSecretsResolver;
}

/** Finds the secrets for a delivery by the route's parameters, `{ project: 'acme' }` for `gemini/:project`. */
export type HmacSecretsResolver = (
  params: Readonly<Record<string, string>>,
) => string | readonly string[] | Promise<string | readonly string[]>;

/** @see GeminiWebhooksSettings.jwks */
export interface JwksOptions {
  /**
   * Where the key set is; `https:`, or `http:` on loopback.
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
   * Longest wait for the key set, in milliseconds.
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long a key set is used before it is fetched anew, in milliseconds.
   * @default 600000 (10 min)
   */
  readonly cacheMaxAgeMs?: number | undefined;
  /**
   * How long the last good key set is used after it has expired while fetching fails, in milliseconds.
   * @default 86400000 (24 h)
   */
  readonly staleIfErrorMs?: number | undefined;
  /** The key set itself: nothing is fetched. */
  readonly keySet?: JSONWebKeySet | undefined;
}

/** @see GeminiWebhooksSettings.binding */
export interface BindingOptions {
  /**
   * Random, at least 16 characters. The first mints tokens, all verify them: to rotate, put a new one in front.
   * @default `GEMINI_WEBHOOK_BINDING_SECRET` (several with commas), else derived from the client's API key, whose
   *   rotation then ends the tokens of jobs under way
   */
  readonly secret?: string | readonly string[] | undefined;
  /**
   * How long a token is valid, in seconds: longer than a job may run and Google may retry.
   * @default 345600 (96 h)
   */
  readonly ttlSeconds?: number | undefined;
}

/** @see GeminiWebhooksSettings.jobs */
export interface JobsOptions {
  /**
   * Looks a job up whose webhook does not come, and delivers its event all the same. `false` looks nothing up.
   * @default on
   */
  readonly reconcile?: ReconcileOptions | false | undefined;
}

/** @see JobsOptions.reconcile */
export interface ReconcileOptions {
  /**
   * How long after its start a job is looked up for the first time, in milliseconds. Each wait after it is twice as long.
   * @default 600000 (10 min)
   */
  readonly afterMs?: number | undefined;
  /**
   * The longest wait between two look-ups, in milliseconds.
   * @default 21600000 (6 h)
   */
  readonly maxIntervalMs?: number | undefined;
  /**
   * How long after its start a job ends as `unknown_outcome`, in milliseconds.
   * @default 259200000 (72 h)
   */
  readonly untilMs?: number | undefined;
}

/** @see GeminiWebhooksSettings.endpoint */
export interface EndpointOptions {
  /** The webhook's name at Gemini, by which it is found: of one name there is one in a project. */
  readonly name: string;
  /**
   * Where Gemini delivers.
   * @default `publicUrl` and the registration's route
   */
  readonly uri?: string | undefined;
  /**
   * What it is to be told of. Old names are taken: `batch.completed` is `batch.succeeded`.
   * @example ['batch.succeeded', 'batch.failed', 'video.generated']
   */
  readonly events: readonly string[];
  /** Where its signing secret is kept, which Gemini shows once: `fileSecretStore(path)`, or a store of your own. */
  readonly secretStore: SigningSecretStore | SigningSecretStoreFactory;
  /**
   * Whether the app does not start when the webhook cannot be synced. Otherwise that is logged, and
   * `GeminiWebhookEndpoints.status` says so.
   * @default false
   */
  readonly required?: boolean | undefined;
}

/** Makes the settings of `forRootAsync({ useClass | useExisting })`. */
export interface GeminiWebhooksOptionsFactory {
  createGeminiWebhooksOptions(): GeminiWebhooksSettings | Promise<GeminiWebhooksSettings>;
}

/** Options of `GeminiWebhooksModule.forRootAsync`: what shapes the route, and where the settings come from. */
export interface GeminiWebhooksModuleAsyncOptions extends GeminiWebhooksRouteOptions, Pick<ModuleMetadata, 'imports'> {
  readonly useFactory?: (...args: never[]) => GeminiWebhooksSettings | Promise<GeminiWebhooksSettings>;
  readonly inject?: Extract<Provider, { useFactory: unknown }>['inject'];
  readonly useClass?: Type<GeminiWebhooksOptionsFactory>;
  readonly useExisting?: Type<GeminiWebhooksOptionsFactory>;
}
