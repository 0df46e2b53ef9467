import { apiPath } from './api-path.js';
import { pageOf } from './paging.js';
import { invalidArgument, optionalString, requiredObject } from './request-fields.js';
import {
  ApiError,
  type ApiResponse,
  type ApiRequest,
  type SimulatedResource,
  type SimulatorClock,
} from './simulated-api.js';
import { StaticWebhook } from './static-webhook.js';
import { webhookChanges, webhookFields } from './webhook-fields.js';
import type { DeliveryTarget } from './webhook-sender.js';

/** Page sizes of `webhooks.list`, as `@google/genai` documents them. */
const PAGES = { defaultSize: 50, maxSize: 1000 };

const REVOCATIONS: Readonly<Record<string, 'after_h24' | 'immediately'>> = {
  revoke_previous_secrets_after_h24: 'after_h24',
  revoke_previous_secrets_immediately: 'immediately',
};

/** Dependencies of the resource. */
export interface StaticWebhooksHost {
  readonly clock: SimulatorClock;
  /** Sends a ping. */
  ping(target: DeliveryTarget, webhookId: string): void;
}

/** `ai.webhooks`: the project's static webhooks. */
export class StaticWebhooks implements SimulatedResource {
  readonly #host: StaticWebhooksHost;
  readonly #webhooks = new Map<string, StaticWebhook>();
  #sequence = 0;

  constructor(host: StaticWebhooksHost) {
    this.#host = host;
  }

  readonly routes: SimulatedResource['routes'] = [
    this.#route('POST', '', 'webhooks.create', async (request) => this.#create(await request.json())),
    this.#route('GET', '', 'webhooks.list', ({ query }) => this.#list(query)),
    this.#route('GET', '/([^/:]+)', 'webhooks.get', (request) => this.#webhook(request).toJSON()),
    this.#route('PATCH', '/([^/:]+)', 'webhooks.update', async (request) =>
      this.#update(request, await request.json()),
    ),
    this.#route('DELETE', '/([^/:]+)', 'webhooks.delete', (request) => this.#delete(request)),
    this.#route('POST', '/([^/:]+):rotateSigningSecret', 'webhooks.rotateSigningSecret', async (request) =>
      this.#rotate(request, await request.json()),
    ),
    this.#route('POST', '/([^/:]+):ping', 'webhooks.ping', (request) => this.#ping(request)),
  ];

  /** Returns the webhooks that subscribe to events of that type. */
  subscribers(type: string): readonly DeliveryTarget[] {
    return [...this.#webhooks.values()].filter((webhook) => webhook.isSubscribedTo(type));
  }

  #route(
    method: SimulatedResource['routes'][number]['method'],
    path: string,
    operation: string,
    respond: (request: ApiRequest) => object | Promise<object>,
  ): SimulatedResource['routes'][number] {
    return {
      method,
      path: apiPath(`webhooks${path}`),
      operation,
      handle: async (request): Promise<ApiResponse> => ({ json: await respond(request) }),
    };
  }

  #create(json: unknown): object {
    const webhook = new StaticWebhook(this.#host.clock, (this.#sequence += 1), webhookFields(json));
    const secret = webhook.newSecret('immediately');
    this.#webhooks.set(webhook.id, webhook);
    return { ...webhook.toJSON(), new_signing_secret: secret };
  }

  #list(query: URLSearchParams): object {
    const paging = new URLSearchParams({
      pageSize: query.get('page_size') ?? '0',
      pageToken: query.get('page_token') ?? '',
    });
    const { items, nextPageToken } = pageOf(this.#webhooks.values(), paging, PAGES);
    return { webhooks: items, ...(nextPageToken !== undefined && { next_page_token: nextPageToken }) };
  }

  #update(request: ApiRequest, json: unknown): object {
    const webhook = this.#webhook(request);
    webhook.update(webhookChanges(json, request.query.get('update_mask')));
    return webhook.toJSON();
  }

  #delete(request: ApiRequest): object {
    const webhook = this.#webhook(request);
    webhook.delete();
    this.#webhooks.delete(webhook.id);
    return {};
  }

  #rotate(request: ApiRequest, json: unknown): object {
    const webhook = this.#webhook(request);
    const behaviour = optionalString(requiredObject(json, 'body')['revocation_behavior'], 'revocation_behavior');
    const revoke = behaviour === undefined ? 'after_h24' : REVOCATIONS[behaviour];
    if (revoke === undefined) throw invalidArgument(`Invalid revocation_behavior: ${behaviour}`);
    return { secret: webhook.newSecret(revoke) };
  }

  #ping(request: ApiRequest): object {
    const webhook = this.#webhook(request);
    this.#host.ping(webhook, webhook.id);
    return {};
  }

  #webhook({ params }: ApiRequest): StaticWebhook {
    const id = params[0] ?? '';
    const webhook = this.#webhooks.get(id);
    if (!webhook) throw new ApiError(404, 'NOT_FOUND', `webhooks/${id} is not found.`);
    return webhook;
  }
}
