import { deliveriesOf, type WireForm } from './event-deliveries.js';
import { eventFaultsOf } from './event-faults.js';
import { DispatchOrder } from './dispatch-order.js';
import type { Faults } from './faults.js';
import type { GoogleKeys } from './google-keys.js';
import type { DynamicWebhook, SimulatedEvent, SimulatedJobRef, SimulatorClock } from './simulated-api.js';
import type { SimulatorConfig } from './simulator.options.js';
import type { PendingWork } from './pending-work.js';
import { withoutQuery, type DeliveryTarget, type WebhookSender } from './webhook-sender.js';

/** Dependencies of the emitter. */
export interface EventEmitterParts {
  readonly config: SimulatorConfig;
  readonly clock: SimulatorClock;
  readonly faults: Faults;
  readonly keys: GoogleKeys;
  readonly sender: WebhookSender;
  readonly pendingWork: PendingWork;
  subscribers(type: string): readonly DeliveryTarget[];
}

/** Sends events to their targets, subject to the injected faults. */
export class EventEmitter {
  readonly #parts: EventEmitterParts;
  readonly #order: DispatchOrder;
  readonly #form: WireForm;

  constructor(parts: EventEmitterParts) {
    this.#parts = parts;
    this.#order = new DispatchOrder(parts.clock, parts.pendingWork);
    this.#form = { keys: parts.keys, metadataAt: parts.config.metadataAt };
  }

  /**
   * Sends the events of a job in order: to the job's own URIs, which replace the static webhooks; without any, to the
   * webhooks that subscribe to them.
   */
  emit(events: readonly SimulatedEvent[], job: SimulatedJobRef, webhook: DynamicWebhook | undefined): void {
    this.#parts.pendingWork.track(this.#emitInOrder(events, job, webhook));
  }

  async #emitInOrder(
    events: readonly SimulatedEvent[],
    job: SimulatedJobRef,
    webhook: DynamicWebhook | undefined,
  ): Promise<void> {
    const uris = webhook?.uris ?? [];
    for (const event of events) {
      const targets = uris.length > 0 ? uris.map((uri) => this.#dynamic(uri)) : this.#parts.subscribers(event.type);
      if (targets.length > 0) await this.#send(event, targets, { job, userMetadata: webhook?.userMetadata });
    }
  }

  /** Sends a ping once. Gemini has not published its event; this type has no handlers. */
  ping(target: DeliveryTarget, webhookId: string): void {
    const once = { url: target.url, scheme: target.scheme, isOpen: false, sign: target.sign.bind(target) };
    void this.#send({ type: 'webhook.ping', data: { id: webhookId } }, [once]);
  }

  /** Resolves when the first attempts are over, or at once if a fault drops or delays the event. */
  async #send(
    event: SimulatedEvent,
    targets: readonly DeliveryTarget[],
    {
      job,
      userMetadata,
    }: { readonly job?: SimulatedJobRef; readonly userMetadata?: DynamicWebhook['userMetadata'] } = {},
  ): Promise<void> {
    const { clock, config, faults, sender } = this.#parts;
    const eventFaults = eventFaultsOf(faults, job);
    if (eventFaults.isLost) {
      config.log(`${event.type} lost${job ? ` ${job.name}` : ''}`);
      return;
    }
    const outgoing = { event, job: job?.name, userMetadata, at: clock.now() };
    const deliveries = targets.flatMap((target) => deliveriesOf(outgoing, target, eventFaults, this.#form));
    await this.#order.dispatch(async () => {
      await Promise.all(deliveries.map((delivery) => sender.send(delivery)));
    }, eventFaults);
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
