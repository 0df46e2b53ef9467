import { Inject, Injectable } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import { fillPath, type GeminiWebhooksRoute } from '../gemini-webhooks.route.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_MOUNT, GEMINI_WEBHOOKS_ROUTE } from '../gemini-webhooks.tokens.js';
import { BINDING_FIELD, BindingTokens } from '../signature/binding.js';

/** What `GeminiJobs.webhookConfig` takes. */
export interface WebhookConfigOptions {
  /** Comes back as `event.userMetadata`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /**
   * The webhook's full URI, for a route other than the registration's.
   * @default `publicUrl` and the registration's route
   */
  readonly uri?: string;
  /** Values for the route's parameters: `{ project: 'acme' }` for `gemini/:project`. */
  readonly params?: Readonly<Record<string, string>>;
}

/** A `webhookConfig` as `@google/genai` takes it. */
export interface GeminiWebhookConfig {
  readonly uris: string[];
  readonly userMetadata: Record<string, unknown>;
}

/** Where the registration's route is mounted in this process; `undefined` where it is not. */
export type MountedRoute = () => string | undefined;

/** Starts jobs on the Gemini API whose events come back to this app. */
@Injectable()
export class GeminiJobs {
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

  /**
   * The dynamic webhook of a job that you start with the SDK yourself. Its URI and metadata carry the token by which the
   * delivery will prove that it is for this deployment.
   *
   * @example
   * await ai.batches.create({ model, src, config: { webhookConfig: await jobs.webhookConfig({ metadata: { orderId } }) } });
   *
   * @throws GeminiWebhooksError `invalid_option` when `publicUrl` or a key for binding is missing, `invalid_argument` for
   *   a wrong `uri` or a missing parameter
   */
  async webhookConfig({ metadata = {}, uri, params = {} }: WebhookConfigOptions = {}): Promise<GeminiWebhookConfig> {
    const { target, path } = this.#target(uri, params);
    if (!this.#config.binding) return { uris: [target], userMetadata: { ...metadata } };
    const token = await this.#tokens.mint({ registration: this.#config.name, path, params });
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
    if (uri !== undefined) return { target: checkedUri(uri) };
    const { publicUrl } = this.#config;
    if (!publicUrl) {
      throw new GeminiWebhooksError(
        'invalid_option',
        'GeminiJobs: where Google reaches this app is not known. Set publicUrl or GEMINI_WEBHOOK_PUBLIC_URL, or give a uri.',
      );
    }
    if (publicUrl.pathname !== '/')
      return { target: `${publicUrl.origin}${fillPath(publicUrl.pathname, params)}${publicUrl.search}` };
    const mounted = this.#mounted();
    if (mounted === undefined) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `GeminiJobs: publicUrl is the origin ${publicUrl.origin}, but this process mounts no route below it. Give the route's full URL.`,
      );
    }
    return { target: `${publicUrl.origin}${fillPath(mounted, params)}${publicUrl.search}`, path: this.#route.path };
  }
}

function checkedUri(uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !uri.includes('#')) return uri;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: got uri ${JSON.stringify(uri)}. Give a full https: URL without a fragment.`,
  );
}
