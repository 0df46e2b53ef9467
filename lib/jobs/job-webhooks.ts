import { Inject, Injectable } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import type { GeminiWebhooksRoute } from '../config/gemini-webhooks.route.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_MOUNT, GEMINI_WEBHOOKS_ROUTE } from '../gemini-webhooks.tokens.js';
import { checkedUri, routeUrl, type MountedRoute } from '../config/route-url.js';
import { checkNames } from '../shared/check-object.js';
import { BINDING_FIELD, BindingTokens } from '../signature/binding.js';

/** Route that receives a job's events. */
export interface JobRouteOptions {
  /**
   * The webhook's full URI, for a route other than the module instance's.
   * @default `publicUrl` and the module instance's route
   */
  readonly uri?: string;
  /** Values for the route's parameters: `{ project: 'acme' }` for `gemini/:project`. */
  readonly params?: Readonly<Record<string, string>>;
}

/** Options of starting a job. */
export interface JobStartOptions extends JobRouteOptions {
  /**
   * Names the job, so that it is started once: `film-42/scene-3`. The same key returns the same job with one request to
   * Gemini, in any process, at the same moment or after a crash, until 48 hours after the job's end (inline inbox: while
   * the process lives). Keys belong to a module instance, across kinds of jobs. At most 500 characters.
   */
  readonly idempotencyKey?: string | undefined;
}

/** Options of `GeminiJobs.webhookConfig`. */
export interface WebhookConfigOptions extends JobRouteOptions {
  /** Returned as `event.userMetadata`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const CONFIG_OPTIONS: Readonly<Record<keyof WebhookConfigOptions, true>> = { metadata: true, uri: true, params: true };

/** A `webhookConfig` for `@google/genai`. */
export interface GeminiWebhookConfig {
  readonly uris: string[];
  readonly userMetadata: Record<string, unknown>;
}

/** Creates the dynamic webhooks of jobs: the URI of the route, and the token that names the job. */
@Injectable()
export class JobWebhooks {
  readonly #config: GeminiWebhooksConfig;
  readonly #route: GeminiWebhooksRoute;
  readonly #mounted: MountedRoute;
  readonly #tokens: BindingTokens;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    @Inject(GEMINI_WEBHOOKS_ROUTE) route: GeminiWebhooksRoute,
    @Inject(GEMINI_WEBHOOKS_MOUNT) mounted: MountedRoute,
    @Inject(BindingTokens) tokens: BindingTokens,
  ) {
    this.#config = config;
    this.#route = route;
    this.#mounted = mounted;
    this.#tokens = tokens;
  }

  /** True if the webhooks contain a token. */
  get bind(): boolean {
    return this.#config.binding !== false;
  }

  /**
   * Returns true if a job gets its own webhook.
   *
   * @param isPossible `false` for a kind of job that accepts no webhook
   * @throws GeminiWebhooksError `invalid_option` for a job without one if webhooks are required, or if nothing else would
   *   find its end
   */
  wanted(uri: string | undefined, isPossible = true): boolean {
    const { hmac, endpoint, publicUrl } = this.#config;
    const { reconcile, webhooks } = this.#config.jobs;
    if (webhooks === 'required') {
      if (isPossible) return true;
      throw new GeminiWebhooksError(
        'invalid_option',
        "GeminiJobs: the API accepts no webhook for this kind of job, and jobs.webhooks is 'required'. Set it to 'preferred'.",
      );
    }
    if (isPossible && webhooks === 'preferred' && (uri !== undefined || publicUrl)) return true;
    if (reconcile || hmac || endpoint) return false;
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: nothing would find the end of this job: it has no webhook, and jobs.reconcile is false. Set publicUrl or GEMINI_WEBHOOK_PUBLIC_URL, give a uri, or turn reconcile on.',
    );
  }

  /**
   * @param job the job that the webhook is for, if it is for one job only
   * @throws GeminiWebhooksError `invalid_option` when `publicUrl` or a key for binding is missing, `invalid_argument` for
   *   a wrong `uri` or a missing parameter
   */
  async make(
    options: WebhookConfigOptions,
    job?: { readonly kind: GeminiResourceKind; readonly id: string },
  ): Promise<GeminiWebhookConfig> {
    checkNames('GeminiJobs.webhookConfig', options, CONFIG_OPTIONS, { code: 'invalid_argument' });
    const { metadata = {}, uri, params = {} } = options;
    const { target, path } = this.#target(uri, params);
    if (!this.bind) return { uris: [target], userMetadata: { ...metadata } };
    const token = await this.#tokens.mint({
      registration: this.#config.name,
      path,
      params,
      ...(job && { kind: job.kind, job: job.id }),
    });
    if (token === undefined) {
      throw new GeminiWebhooksError(
        'invalid_option',
        'GeminiJobs: no binding token can be minted, so every event of this job would be rejected. Set GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY.',
      );
    }
    const separator = target.includes('?') ? '&' : '?';
    return {
      uris: [`${target}${separator}${BINDING_FIELD}=${token}`],
      userMetadata: { ...metadata, [BINDING_FIELD]: token },
    };
  }

  #target(uri: string | undefined, params: Readonly<Record<string, string>>): { target: string; path?: string } {
    if (uri !== undefined) return { target: checkedUri('GeminiJobs', uri) };
    const { url, isMounted } = routeUrl('GeminiJobs', this.#config.publicUrl, this.#mounted, params);
    return { target: url, ...(isMounted && { path: this.#route.path }) };
  }
}
