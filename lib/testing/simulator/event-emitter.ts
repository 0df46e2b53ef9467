import { deliveriesOf, type WireForm } from './event-deliveries.js';
import { eventFaultsOf } from './event-faults.js';
import { DispatchOrder } from './dispatch-order.js';
import type { Faults } from './faults.js';
import type { GoogleKeys } from './google-keys.js';
import type { DynamicWebhook, SimulatedEvent, SimulatedJobRef, SimulatorClock } from './simulated-api.js';
import type { SimulatorConfig } from './simulator.options.js';
import type { Underway } from './underway.js';
import { withoutQuery, type DeliveryTarget, type WebhookSender } from './webhook-sender.js';

/** What events are sent with. */
export interface EventEmitterParts {
  readonly config: SimulatorConfig;
  readonly clock: SimulatorClock;
  readonly faults: Faults;
  readonly keys: GoogleKeys;
  readonly sender: WebhookSender;
  readonly underway: Underway;
  subscribers(type: string): readonly DeliveryTarget[];
}

/** Finds who is to hear of an event, and sends it as the faults will have it. */
export class EventEmitter {
  readonly #parts: EventEmitterParts;
  readonly #order: DispatchOrder;
  readonly #form: WireForm;

  constructor(parts: EventEmitterParts) {
    this.#parts = parts;
    this.#order = new DispatchOrder(parts.clock, parts.underway);
    this.#form = { keys: parts.keys, metadataAt: parts.config.metadataAt };
  }

  /** To the job's own URIs, which stand in for the registered webhooks; else to those that have subscribed. */
  emit(event: SimulatedEvent, job: SimulatedJobRef, webhook: DynamicWebhook | undefined): void {
    const uris = webhook?.uris ?? [];
    const targets = uris.length > 0 ? uris.map((uri) => this.#dynamic(uri)) : this.#parts.subscribers(event.type);
    if (targets.length > 0) this.#send(event, targets, { job, userMetadata: webhook?.userMetadata });
  }

  /** What Gemini sends as a ping is not published: a type that nobody has a handler for. */
  ping(target: DeliveryTarget, webhookId: string): void {
    const once = { url: target.url, scheme: target.scheme, isOpen: false, sign: target.sign.bind(target) };
    this.#send({ type: 'webhook.ping', data: { id: webhookId } }, [once]);
  }

  #send(
    event: SimulatedEvent,
    targets: readonly DeliveryTarget[],
    {
      job,
      userMetadata,
    }: { readonly job?: SimulatedJobRef; readonly userMetadata?: DynamicWebhook['userMetadata'] } = {},
  ): void {
    const { clock, config, faults, sender } = this.#parts;
    const found = eventFaultsOf(faults, job);
    if (found.isLost) {
      config.log(`${event.type} lost${job ? ` ${job.name}` : ''}`);
      return;
    }
    const toSend = { event, job: job?.name, userMetadata, at: clock.now() };
    const deliveries = targets.flatMap((target) => deliveriesOf(toSend, target, found, this.#form));
    this.#order.dispatch(async () => {
      await Promise.all(deliveries.map((delivery) => sender.send(delivery)));
    }, found);
  }

  #dynamic(url: string): DeliveryTarget {
    const { config, keys } = this.#parts;
    if (config.signature === 'v1a') {
      return { url, scheme: 'v1a', isOpen: true, sign: (content) => keys.v1a(content) };
    }
    const audience = config.audience ?? withoutQuery(url);
    return { url, scheme: 'jwt', isOpen: true, sign: (content) => signedClaims(keys, audience, content) };
  }
}

const ISSUER = 'https://generativelanguage.googleapis.com';
const TOKEN_VALID_SECONDS = 3600;

function signedClaims(
  keys: GoogleKeys,
  audience: string,
  { id, timestamp, body }: Parameters<DeliveryTarget['sign']>[0],
): Promise<string> {
  const event = JSON.parse(body.toString()) as object;
  const times = { iat: timestamp, exp: timestamp + TOKEN_VALID_SECONDS };
  return keys.jwt({ ...event, iss: ISSUER, aud: audience, jti: id, ...times });
}
