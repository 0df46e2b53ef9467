import { Inject, Injectable, Optional } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType, GEMINI_EVENTS } from '../events/event-catalogue.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { RawGeminiEvent } from '../events/parse-event.js';
import { isObject } from '../shared/is-object.js';
import { userMetadataField, withoutUserMetadataField } from '../events/user-metadata.js';
import { verifiedDelivery, type VerifiedDelivery } from '../events/verified-delivery.js';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_JOB_CONFIRMATION,
  GEMINI_WEBHOOKS_LIVE_SECRETS,
} from '../gemini-webhooks.tokens.js';
import { Authenticator, type Authentic } from './authenticator.js';
import { BINDING_FIELD, BindingTokens, covers, type Binding } from './binding.js';
import type { DeliveryRequest } from './delivery-request.js';
import type { JobConfirmation } from './job-confirmation.js';
import type { KeySetStatus } from './key-set.js';
import type { LiveSecrets } from './live-secrets.js';

/** Checks that Gemini sent a delivery and that the delivery is for this deployment. */
@Injectable()
export class SignatureVerifier {
  readonly #config: GeminiWebhooksConfig;
  readonly #authenticator: Authenticator;
  readonly #tokens: BindingTokens;
  readonly #confirmJob: JobConfirmation | undefined;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    @Inject(BindingTokens) tokens: BindingTokens,
    @Optional() @Inject(GEMINI_WEBHOOKS_JOB_CONFIRMATION) confirmJob?: JobConfirmation,
    @Optional() @Inject(GEMINI_WEBHOOKS_LIVE_SECRETS) liveSecrets?: LiveSecrets,
  ) {
    this.#config = config;
    this.#authenticator = new Authenticator(config, liveSecrets);
    this.#tokens = tokens;
    this.#confirmJob = confirmJob;
  }

  /** `name` of the module instance. */
  get registration(): string {
    return this.#config.name;
  }

  /** True if dynamic deliveries can be accepted: there is a key set, and a binding key unless binding is off. */
  get takesDynamic(): boolean {
    const { jwks, binding } = this.#config;
    return jwks !== false && (binding === false || binding.secrets.length > 0);
  }

  /** Number of authentic deliveries refused only for their age since the start. */
  get staleCount(): number {
    return this.#authenticator.staleCount;
  }

  /**
   * Returns the state of Google's public keys; `undefined` with `jwks: false`. Fetches keys that are older than `maxAgeMs`
   * first, at most every 30 s, and waits for them for up to 2 s.
   */
  keySetStatus(maxAgeMs?: number): Promise<KeySetStatus | undefined> {
    return this.#authenticator.keySetStatus(maxAgeMs);
  }

  /**
   * Returns the delivery if it is authentic and for this deployment.
   *
   * @throws GeminiWebhooksError a code of the HTTP table; `invalid_argument` for what is not a request
   */
  async verify(request: DeliveryRequest): Promise<VerifiedDelivery> {
    if (!isRequest(request)) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        'SignatureVerifier.verify: give { headers, body, url, params } with the raw bytes as a Buffer in body.',
      );
    }
    return this.verifyAtOnce(request);
  }

  /**
   * Same as `verify`, but returns a promise only if it needs I/O: always returning one costs 1.3 µs per delivery, about
   * 6 % of the guard's time.
   *
   * @throws GeminiWebhooksError a code of the HTTP table, or rejects with it
   */
  verifyAtOnce(request: DeliveryRequest): VerifiedDelivery | Promise<VerifiedDelivery> {
    // A body that other code read has not been checked yet.
    if (request.body.length > this.#config.bodyLimitBytes) {
      throw new GeminiWebhooksError(
        'body_too_large',
        `The delivery is larger than bodyLimitBytes (${this.#config.bodyLimitBytes}).`,
      );
    }
    const found = this.#authenticator.authenticate(request);
    return found instanceof Promise
      ? found.then((authentic) => this.#checkBinding(authentic, request))
      : this.#checkBinding(found, request);
  }

  /** Returns the delivery if it is for this deployment. */
  #checkBinding(authentic: Authentic, request: DeliveryRequest): VerifiedDelivery | Promise<VerifiedDelivery> {
    return authentic.bound || !this.#config.binding
      ? this.#delivery(authentic, request)
      : this.#boundDelivery(authentic, request);
  }

  async #boundDelivery(authentic: Authentic, request: DeliveryRequest): Promise<VerifiedDelivery> {
    const binding = await this.#findBinding(authentic.raw, request);
    const delivery = this.#delivery(authentic, request, binding);
    if (binding.job !== undefined) await this.#confirm(binding.job, delivery.event);
    return delivery;
  }

  #delivery(
    { id, attemptedAt, strategy, raw, body, messageId }: Authentic,
    { params }: DeliveryRequest,
    binding?: Binding,
  ): VerifiedDelivery {
    const withoutToken = withoutUserMetadataField(raw, BINDING_FIELD);
    return verifiedDelivery({
      id,
      attemptedAt,
      strategy,
      // A stored delivery must not contain the token.
      body: withoutToken === raw ? body : Buffer.from(JSON.stringify(withoutToken)),
      messageId,
      registration: this.#config.name,
      params,
      raw: withoutToken,
      job: binding?.kind && binding.job ? { kind: binding.kind, id: binding.job } : undefined,
    });
  }

  async #confirm(job: string, { type, resource }: GeminiEvent): Promise<void> {
    const known = catalogueType(type);
    if (!known || !this.#confirmJob || (await this.#confirmJob(job, known, resource))) return;
    throw new GeminiWebhooksError('unbound_delivery', `The delivery's token names ${job}, and its event another job.`);
  }

  /** Finds the first token in the URI's query or the user metadata that covers this delivery. */
  async #findBinding(raw: RawGeminiEvent, { url, params, path }: DeliveryRequest): Promise<Binding> {
    const type = catalogueType(raw.type);
    const delivery = { registration: this.#config.name, path, params, kind: type && GEMINI_EVENTS[type].kind };
    const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    // The module appends its token, so the last parameter with that name counts.
    const places = [new URLSearchParams(query).getAll(BINDING_FIELD).at(-1), ...userMetadataField(raw, BINDING_FIELD)];
    for (const place of places) {
      const binding = await this.#tokens.verify(place);
      if (binding && covers(binding, delivery)) return binding;
    }
    throw new GeminiWebhooksError(
      'unbound_delivery',
      'It is signed by Google, but has no binding token of this deployment. Was its job started with GeminiJobs, with the same binding secret or API key?',
    );
  }
}

/** Plain JavaScript can pass anything. */
function isRequest(given: unknown): boolean {
  if (!isObject(given)) return false;
  const { headers, body, url, params } = given;
  return isObject(headers) && Buffer.isBuffer(body) && typeof url === 'string' && isObject(params);
}
