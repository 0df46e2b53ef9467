import { Inject, Injectable, Optional } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType, GEMINI_EVENTS } from '../events/event-catalogue.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { RawGeminiEvent } from '../events/parse-event.js';
import { userMetadataField, withoutUserMetadataField } from '../events/user-metadata.js';
import { verifiedDelivery, type VerifiedDelivery } from '../events/verified-delivery.js';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_JOB_CONFIRMATION,
  GEMINI_WEBHOOKS_LIVE_SECRETS,
} from '../gemini-webhooks.tokens.js';
import { Authenticator, type Authentic } from './authenticator.js';
import { BINDING_FIELD, BindingTokens, covers, type Binding } from './binding.js';
import type { DeliveryRequest } from './delivery-request.js';
import type { ConfirmJob } from './job-confirmation.js';
import type { LiveSecrets } from './live-secrets.js';

/** Answers: did Gemini say it, and to us? */
@Injectable()
export class SignatureVerifier {
  readonly #config: GeminiWebhooksConfig;
  readonly #authenticator: Authenticator;
  readonly #tokens: BindingTokens;
  readonly #confirmJob: ConfirmJob | undefined;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    @Inject(BindingTokens) tokens: BindingTokens,
    @Optional() @Inject(GEMINI_WEBHOOKS_JOB_CONFIRMATION) confirmJob?: ConfirmJob,
    @Optional() @Inject(GEMINI_WEBHOOKS_LIVE_SECRETS) liveSecrets?: LiveSecrets,
  ) {
    this.#config = config;
    this.#authenticator = new Authenticator(config, liveSecrets);
    this.#tokens = tokens;
    this.#confirmJob = confirmJob;
  }

  /** How many authentic deliveries were refused for nothing but their age, since the start. */
  get staleCount(): number {
    return this.#authenticator.staleCount;
  }

  /**
   * The delivery, once it is proven authentic and ours.
   *
   * @throws GeminiWebhooksError a code of the HTTP table
   */
  async verify(request: DeliveryRequest): Promise<VerifiedDelivery> {
    return this.verifyAtOnce(request);
  }

  /**
   * The same, and a promise only where something has to be found out first.
   *
   * @throws GeminiWebhooksError a code of the HTTP table, or rejects with it
   */
  verifyAtOnce(request: DeliveryRequest): VerifiedDelivery | Promise<VerifiedDelivery> {
    // Bytes that somebody else read were not bounded on their way in.
    if (request.body.length > this.#config.bodyLimitBytes) {
      throw new GeminiWebhooksError(
        'body_too_large',
        `The delivery is larger than bodyLimitBytes (${this.#config.bodyLimitBytes}).`,
      );
    }
    const found = this.#authenticator.authenticate(request);
    return found instanceof Promise
      ? found.then((authentic) => this.#own(authentic, request))
      : this.#own(found, request);
  }

  /** The delivery, if it is ours. */
  #own(authentic: Authentic, request: DeliveryRequest): VerifiedDelivery | Promise<VerifiedDelivery> {
    return authentic.bound || !this.#config.binding
      ? this.#delivery(authentic, request)
      : this.#boundDelivery(authentic, request);
  }

  async #boundDelivery(authentic: Authentic, request: DeliveryRequest): Promise<VerifiedDelivery> {
    const binding = await this.#bind(authentic.raw, request);
    const delivery = this.#delivery(authentic, request, binding);
    if (binding.job !== undefined) await this.#confirm(binding.job, delivery.event);
    return delivery;
  }

  #delivery(
    { id, attemptedAt, strategy, raw, body, messageId }: Authentic,
    { params }: DeliveryRequest,
    binding?: Binding,
  ): VerifiedDelivery {
    const own = withoutUserMetadataField(raw, BINDING_FIELD);
    return verifiedDelivery({
      id,
      attemptedAt,
      strategy,
      // What is kept of a delivery must not hold the token.
      body: own === raw ? body : Buffer.from(JSON.stringify(own)),
      messageId,
      registration: this.#config.name,
      params,
      raw: own,
      job: binding?.kind && binding.job ? { kind: binding.kind, id: binding.job } : undefined,
    });
  }

  async #confirm(job: string, { type, resource }: GeminiEvent): Promise<void> {
    const known = catalogueType(type);
    if (!known || !this.#confirmJob || (await this.#confirmJob(job, known, resource))) return;
    throw new GeminiWebhooksError('unbound_delivery', `The delivery's token names ${job}, and its event another job.`);
  }

  /** The first token, of the URI's query or of the user metadata, that covers this delivery. */
  async #bind(raw: RawGeminiEvent, { url, params, path }: DeliveryRequest): Promise<Binding> {
    const type = catalogueType(raw.type);
    const delivery = { registration: this.#config.name, path, params, kind: type && GEMINI_EVENTS[type].kind };
    const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    // The last of that name: ours is the URI's last parameter, whatever stood before it.
    const places = [new URLSearchParams(query).getAll(BINDING_FIELD).at(-1), ...userMetadataField(raw, BINDING_FIELD)];
    for (const place of places) {
      const binding = await this.#tokens.verify(place);
      if (binding && covers(binding, delivery)) return binding;
    }
    throw new GeminiWebhooksError(
      'unbound_delivery',
      'The delivery is signed by Google, but carries no binding token of this deployment.',
    );
  }
}
