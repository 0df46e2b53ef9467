import { Logger } from '@nestjs/common';
import type { Relay } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { messageOf } from '../../errors.js';
import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import { fromDeliveryJobData, withoutWorkerData, type DeliveryJobData } from '../store/delivery-job.js';
import { settlesWithin } from '../../shared/timeouts.js';
import { EVENTS } from './earlier-versions.js';
import { foreignWorkersWarning } from './foreign-workers.js';
import type { RosterEntry, WantedHandlers } from './handler-roster.js';
import type { Member } from './member.js';
import { Membership } from './membership.js';
import { checkStoreFormat } from './store-format.js';
import { Supervised } from '../store/supervised.js';

const ENDED_JOBS = 'settled';
/** Below the relay's limit of 512 KiB per message. */
const MAX_BATCH_BYTES = 400_000;
const ENVELOPE_BYTES = 1_000;
const MAX_BODY_BYTES = MAX_BATCH_BYTES - ENVELOPE_BYTES;
const MAX_REMEMBERED_KEYS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** An event as it is published to peers: complete, or only its key if it is too large for a message. */
type EventMessage = DeliveryJobData | Pick<DeliveryJobData, 'key'>;

/**
 * Exchanges messages between the processes on one store: publishes each accepted event once in every process, and keeps
 * track of each worker's handlers. A disconnected process misses messages.
 */
export class Peers {
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #members: Membership;
  readonly #relay: Supervised<Relay<never>>;
  readonly #publishLocally: (delivery: VerifiedDelivery) => void;
  readonly #load: (key: string) => Promise<DeliveryJobData | undefined>;
  readonly #onEnded: ((ids: readonly string[]) => void) | undefined;
  readonly #onFailure: (message: string) => void;
  /** Messages are delivered at least once: duplicates are dropped. */
  readonly #seen = new LRUCache<string, true>({ max: MAX_REMEMBERED_KEYS });
  #pending: { data: EventMessage[]; bytes: number; sent: Promise<void> } | undefined;
  #sending: Promise<unknown> = Promise.resolve();
  #hasWarned = false;

  constructor(
    makeRelay: () => Promise<Relay<never>>,
    {
      publishLocally,
      load,
      onEndedJobs,
      self,
      queueName,
      onHeartbeat,
      onFailure,
    }: {
      /** Publishes an event in this process. */
      publishLocally: (delivery: VerifiedDelivery) => void;
      /** Reads an event from the store. */
      load: (key: string) => Promise<DeliveryJobData | undefined>;
      /** Called with the BullMQ ids of tracked jobs that ended in another process. */
      onEndedJobs?: ((ids: readonly string[]) => void) | undefined;
      /** What peers learn about this process. */
      self: Member;
      readonly queueName: string;
      /** Called for each heartbeat, including this process's own. */
      onHeartbeat?: ((entry: RosterEntry) => void) | undefined;
      onFailure: (message: string) => void;
    },
  ) {
    this.#publishLocally = publishLocally;
    this.#load = load;
    this.#onEnded = onEndedJobs;
    this.#onFailure = onFailure;
    this.#members = new Membership(self, {
      onHeartbeat,
      onJoined: (workers) => self.works && this.#warnOnce(foreignWorkersWarning(queueName, self.handlers, workers)),
    });
    this.#relay = new Supervised<Relay<never>>({
      make: async () => {
        const relay = await makeRelay();
        relay.on('error', () => undefined);
        return relay;
      },
      onConnected: (relay) => this.#onConnected(relay),
      onFailure,
    });
  }

  #warnOnce(warning: string | undefined): void {
    if (warning === undefined || this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(warning);
  }

  start(): void {
    this.#relay.start();
  }

  /** Resolves when this process receives its peers' messages and they know its handlers. */
  async ready(): Promise<void> {
    await this.#relay.ready();
  }

  /** True if a live process runs workers; `undefined` before this process has joined. */
  hasWorkers(): Promise<boolean | undefined> {
    return this.#members.hasWorkers();
  }

  /** Returns the handlers of live processes for events of this type. */
  handlersFor(type: string): Promise<WantedHandlers> {
    return this.#members.handlersFor(type);
  }

  /** True while this process and another one hand off events to each other. */
  get handsOff(): boolean {
    return this.#members.handsOff;
  }

  /** Publishes an event to every process. Events of the same tick share a message. */
  async publish(delivery: VerifiedDelivery, data: DeliveryJobData): Promise<void> {
    // Published here directly: this process drops its own message as a duplicate.
    if (this.#isNew(data.key)) this.#tryPublishLocally(() => delivery);
    // A process joins before it subscribes to events, so no other process is subscribed yet.
    if (this.#members.isAlone) return;
    const message: EventMessage = data.body.length > MAX_BODY_BYTES ? { key: data.key } : withoutWorkerData(data);
    const bytes = ('body' in message ? message.body.length : 0) + ENVELOPE_BYTES;
    if (!this.#pending || this.#pending.bytes + bytes > MAX_BATCH_BYTES) this.#pending = this.#newBatch();
    this.#pending.data.push(message);
    this.#pending.bytes += bytes;
    await this.#pending.sent;
  }

  #newBatch() {
    const batch = { data: [] as EventMessage[], bytes: 0, sent: Promise.resolve() };
    batch.sent = this.#sending.then(async () => {
      if (this.#pending === batch) this.#pending = undefined;
      const relay = this.#relay.current;
      if (!relay) throw new Error('not connected yet, so the event could not be published');
      await relay.publish(EVENTS, batch.data);
    });
    this.#sending = batch.sent.catch(() => undefined);
    return batch;
  }

  /** Publishes to every process which tracked jobs have ended. */
  async publishEnded(ids: readonly string[]): Promise<void> {
    if (!this.#members.isAlone) await this.#relay.current?.publish(ENDED_JOBS, ids);
  }

  #receive(batch: readonly EventMessage[]): void {
    for (const message of batch) {
      if (!this.#isNew(message.key)) continue;
      if ('body' in message) this.#tryPublishLocally(() => fromDeliveryJobData(message));
      else void this.#loadAndPublish(message.key);
    }
  }

  #isNew(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, true);
    return true;
  }

  #tryPublishLocally(read: () => VerifiedDelivery): void {
    try {
      this.#publishLocally(read());
    } catch (error) {
      this.#onFailure(`an event could not be published in this process: ${messageOf(error)}`);
    }
  }

  async #loadAndPublish(key: string): Promise<void> {
    try {
      const data = await this.#load(key);
      if (data) this.#tryPublishLocally(() => fromDeliveryJobData(data));
    } catch (error) {
      this.#onFailure(`an event could not be published in this process: ${messageOf(error)}`);
    }
  }

  async #onConnected(relay: Relay<never>): Promise<void> {
    const onEnded = this.#onEnded;
    if (onEnded) await relay.subscribe<string[]>(ENDED_JOBS, ({ data }) => onEnded(data));
    await this.#members.join(relay);
    // After joining, so that no event is missed once the first one has arrived.
    await relay.subscribe<EventMessage[]>(EVENTS, ({ data }) => this.#receive(data));
    checkStoreFormat(relay, this.#logger).catch((error: unknown) =>
      this.#onFailure(`the format of the stored data could not be checked: ${messageOf(error)}`),
    );
  }

  /** Tells peers that this process leaves. */
  leave(): Promise<void> {
    return this.#members.leave();
  }

  async close(): Promise<void> {
    const relay = await this.#relay.stop();
    if (relay) await settlesWithin(relay.close(), CLOSE_TIMEOUT_MS);
  }
}
