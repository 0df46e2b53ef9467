import { Inject, Injectable } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import type { GeminiWebhooksRoute } from '../gemini-webhooks.route.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_MOUNT, GEMINI_WEBHOOKS_ROUTE } from '../gemini-webhooks.tokens.js';
import { checkedUri, routeUrl, type MountedRoute } from '../route-url.js';
import { BINDING_FIELD, BindingTokens } from '../signature/binding.js';

/** By which route a job's events come back. */
export interface JobRouteOptions {
  /**
   * The webhook's full URI, for a route other than the registration's.
   * @default `publicUrl` and the registration's route
   */
  readonly uri?: string;
  /** Values for the route's parameters: `{ project: 'acme' }` for `gemini/:project`. */
  readonly params?: Readonly<Record<string, string>>;
}

/** What `GeminiJobs.webhookConfig` takes. */
export interface WebhookConfigOptions extends JobRouteOptions {
  /** Comes back as `event.userMetadata`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A `webhookConfig` as `@google/genai` takes it. */
export interface GeminiWebhookConfig {
  readonly uris: string[];
  readonly userMetadata: Record<string, unknown>;
}

/** Makes the dynamic webhooks of jobs: the URI of the route, and the token that proves whose job it is. */
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

  /** Whether the webhooks carry a token. */
  get bind(): boolean {
    return this.#config.binding !== false;
  }

  /**
   * @param job one job of ours, when the webhook is for no other
   * @throws GeminiWebhooksError `invalid_option` when `publicUrl` or a key for binding is missing, `invalid_argument` for
   *   a wrong `uri` or a missing parameter
   */
  async make(
    { metadata = {}, uri, params = {} }: WebhookConfigOptions,
    job?: { readonly kind: GeminiResourceKind; readonly id: string },
  ): Promise<GeminiWebhookConfig> {
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
        'GeminiJobs: no binding token can be minted, so every event of this job would be refused. Set GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY.',
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
