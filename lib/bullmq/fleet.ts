import type { Relay } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { fromJobData, type DeliveryJobData } from './delivery-job.js';
import { settlesWithin } from '../with-timeout.js';
import { Membership, type Member } from './membership.js';
import { Supervised } from './supervised.js';

const EVENTS = 'events';
const SETTLED = 'settled';
/** Below the relay's 512 KiB a message. */
const MAX_BATCH_BYTES = 400_000;
const ENVELOPE_BYTES = 1_000;
const MAX_BODY_BYTES = MAX_BATCH_BYTES - ENVELOPE_BYTES;
const REMEMBERED_KEYS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** An event as the fleet is told of it: itself, or where it is too large for a message, only its key. */
type Told = DeliveryJobData | Pick<DeliveryJobData, 'key'>;

/**
 * What the processes on one store tell each other: each accepted event, once in each process, and which handlers each
 * worker has. A process that is cut off misses what passes meanwhile.
 */
export class Fleet {
  readonly #members: Membership;
  readonly #relay: Supervised<Relay<never>>;
  readonly #announce: (delivery: VerifiedDelivery) => void;
  readonly #load: (key: string) => Promise<DeliveryJobData | undefined>;
  readonly #settled: ((ids: readonly string[]) => void) | undefined;
  readonly #onFailure: (message: string) => void;
  /** Published at least once, so a repeat is dropped here. */
  readonly #heard = new LRUCache<string, true>({ max: REMEMBERED_KEYS });
  #pending: { data: Told[]; bytes: number; sent: Promise<void> } | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(
    makeRelay: () => Promise<Relay<never>>,
    {
      announce,
      load,
      settled,
      self,
      onFailure,
    }: {
      announce: (delivery: VerifiedDelivery) => void;
      /** Reads what the store keeps of an event. */
      load: (key: string) => Promise<DeliveryJobData | undefined>;
      /** Hears which tracked jobs have ended, by BullMQ's ids. */
      settled?: ((ids: readonly string[]) => void) | undefined;
      /** What the others are to know of this process. */
      self: Member;
      onFailure: (message: string) => void;
    },
  ) {
    this.#announce = announce;
    this.#load = load;
    this.#settled = settled;
    this.#onFailure = onFailure;
    this.#members = new Membership(self);
    this.#relay = new Supervised<Relay<never>>({
      make: async () => {
        const relay = await makeRelay();
        relay.on('error', () => undefined);
        return relay;
      },
      introduce: (relay) => this.#introduce(relay),
      onFailure,
    });
  }

  start(): void {
    this.#relay.start();
  }

  /** Resolves when this process hears the others and they know of its handlers. */
  async ready(): Promise<void> {
    await this.#relay.ready();
  }

  /** Names of the handlers of live workers that want events of this type. */
  handlersFor(type: string): Promise<readonly string[]> {
    return this.#members.handlersFor(type);
  }

  /** Tells every process of an event. Events of the same moment travel together. */
  async publish(delivery: VerifiedDelivery, data: DeliveryJobData): Promise<void> {
    // This process has read it already, and drops its own message as a repeat.
    if (this.#isNew(data.key)) this.#tell(() => delivery);
    // Who comes is known to this process before it listens: nobody does.
    if (this.#members.isAlone) return;
    const told: Told = data.body.length > MAX_BODY_BYTES ? { key: data.key } : data;
    const bytes = ('body' in told ? told.body.length : 0) + ENVELOPE_BYTES;
    if (!this.#pending || this.#pending.bytes + bytes > MAX_BATCH_BYTES) this.#pending = this.#newBatch();
    this.#pending.data.push(told);
    this.#pending.bytes += bytes;
    await this.#pending.sent;
  }

  #newBatch() {
    const batch = { data: [] as Told[], bytes: 0, sent: Promise.resolve() };
    batch.sent = this.#sending.then(async () => {
      if (this.#pending === batch) this.#pending = undefined;
      const relay = this.#relay.current;
      if (!relay) throw new Error('the fleet cannot be told of events yet');
      await relay.publish(EVENTS, batch.data);
    });
    this.#sending = batch.sent.catch(() => undefined);
    return batch;
  }

  /** Tells every process which tracked jobs have ended. */
  async tellSettled(ids: readonly string[]): Promise<void> {
    if (!this.#members.isAlone) await this.#relay.current?.publish(SETTLED, ids);
  }

  #hear(batch: readonly Told[]): void {
    for (const told of batch) {
      if (!this.#isNew(told.key)) continue;
      if ('body' in told) this.#tell(() => fromJobData(told));
      else void this.#loadAndTell(told.key);
    }
  }

  #isNew(key: string): boolean {
    if (this.#heard.has(key)) return false;
    this.#heard.set(key, true);
    return true;
  }

  #tell(read: () => VerifiedDelivery): void {
    try {
      this.#announce(read());
    } catch (error) {
      this.#onFailure(`an event could not be announced in this process: ${messageOf(error)}`);
    }
  }

  async #loadAndTell(key: string): Promise<void> {
    try {
      const data = await this.#load(key);
      if (data) this.#tell(() => fromJobData(data));
    } catch (error) {
      this.#onFailure(`an event could not be announced in this process: ${messageOf(error)}`);
    }
  }

  async #introduce(relay: Relay<never>): Promise<void> {
    const settled = this.#settled;
    if (settled) await relay.subscribe<string[]>(SETTLED, ({ data }) => settled(data));
    await this.#members.join(relay);
    // Once everyone knows of this process: from the first event that it hears on it hears them all.
    await relay.subscribe<Told[]>(EVENTS, ({ data }) => this.#hear(data));
  }

  /** Says that this process is not there any more. */
  leave(): Promise<void> {
    return this.#members.leave();
  }

  async close(): Promise<void> {
    const relay = await this.#relay.stop();
    if (relay) await settlesWithin(relay.close(), CLOSE_TIMEOUT_MS);
  }
}
