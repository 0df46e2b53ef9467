import type { Relay } from 'bullmq';
import { settlesWithin } from '../../shared/timeouts.js';
import { readHeartbeat, receivesElsewhere, type Heartbeat } from './earlier-versions.js';
import { HandlerRoster, ROSTER_LEASE_MS, type RosterEntry, type WantedHandlers } from './handler-roster.js';
import type { Member } from './member.js';

const ROSTER = 'roster';
/** Topic prefix, shared with earlier versions. */
const ACKNOWLEDGEMENT = 'welcome';
/** Usual maximum time until a live peer acknowledges a new process, in milliseconds. */
const ACKNOWLEDGEMENT_MS = 1_000;
/** Delay before a heartbeat that failed is sent again, in milliseconds. */
const HEARTBEAT_RETRY_MS = 2_000;
const LEAVE_TIMEOUT_MS = 2_000;

interface MembershipOptions {
  readonly roster?: HandlerRoster;
  readonly onHeartbeat?: ((entry: RosterEntry) => void) | undefined;
  /** Called with the other live workers when this process joins. */
  readonly onJoined?: (workers: readonly RosterEntry[]) => void;
}

/**
 * Joins and leaves the peers on one store, and sends heartbeats. A new process starts its workers only after every live
 * worker has acknowledged its handlers.
 */
export class Membership {
  readonly #roster: HandlerRoster;
  readonly #self: Member;
  readonly #acknowledgedBy = new Set<string>();
  #relay: Relay<never> | undefined;
  #reading: Promise<readonly RosterEntry[]> | undefined;
  #lastPublish: Promise<unknown> = Promise.resolve();
  #heartbeat: NodeJS.Timeout | undefined;
  #heartbeatMs = 0;
  #onAcknowledgement: () => void = () => undefined;
  #says: Heartbeat['says'] = 'hello';
  readonly #onHeartbeat: (entry: RosterEntry) => void;
  readonly #onJoined: (workers: readonly RosterEntry[]) => void;
  #hasLeft = false;
  /** True if a process of which the roster knows nothing receives events. */
  #isHeardElsewhere = false;

  /** @param onHeartbeat called for each heartbeat, including this process's own */
  constructor(
    self: Member,
    { roster = new HandlerRoster(), onHeartbeat = () => undefined, onJoined = () => undefined }: MembershipOptions = {},
  ) {
    this.#onJoined = onJoined;
    this.#self = self;
    this.#roster = roster;
    this.#onHeartbeat = onHeartbeat;
  }

  /** Resolves when this process receives its peers' messages and they know it. */
  async join(relay: Relay<never>): Promise<void> {
    this.#relay = relay;
    this.#acknowledgedBy.clear();
    await relay.subscribe<Heartbeat>(`${ROSTER}.*`, ({ data }) => this.#receive(relay, readHeartbeat(data)));
    await relay.subscribe<string>(`${ACKNOWLEDGEMENT}.${relay.nodeId}`, ({ data }) => this.#acknowledge(data));
    // Publishes before it reads: of two processes that join at the same time, at least one sees the other.
    await this.#publish();
    const others = (await this.#read()).filter(({ node, works }) => works && node !== relay.nodeId);
    await this.#lookElsewhere(relay);
    if (this.#hasLeft) return;
    this.#scheduleHeartbeat();
    await this.#waitForAcknowledgements(relay, others);
    if (this.#hasLeft) return;
    this.#says = undefined;
    this.#onJoined(others);
  }

  #scheduleHeartbeat(delayMs = this.#roster.heartbeatMs): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeatMs = delayMs;
    this.#heartbeat = setTimeout(() => void this.#beat(), delayMs);
  }

  /** Sends a heartbeat and schedules the next one. One that failed is retried soon: the lease may allow only one in time. */
  async #beat(): Promise<void> {
    this.#scheduleHeartbeat();
    const timer = this.#heartbeat;
    try {
      await this.#publish();
      if (this.#relay) await this.#lookElsewhere(this.#relay);
    } catch {
      const isNext = timer === this.#heartbeat && !this.#hasLeft;
      if (isNext) this.#scheduleHeartbeat(Math.min(HEARTBEAT_RETRY_MS, this.#heartbeatMs));
    }
  }

  /** Looks for processes of which the roster knows nothing. While it knows of others there may be some. */
  async #lookElsewhere(relay: Relay<never>): Promise<void> {
    this.#isHeardElsewhere = this.#roster.hasOthers(relay.nodeId) || (await receivesElsewhere(relay));
  }

  /** True if a live worker runs other handlers, so that this process and that one hand off events to each other. */
  get handsOff(): boolean {
    return this.#relay !== undefined && this.#roster.hasOtherHandlers(this.#relay.nodeId);
  }

  /** True if no other process is alive or receives events. */
  get isAlone(): boolean {
    if (!this.#relay || this.#isHeardElsewhere) return false;
    return !this.#roster.isStale && !this.#roster.hasOthers(this.#relay.nodeId);
  }

  /** True if a live process runs workers; `undefined` before this process has joined. */
  async hasWorkers(): Promise<boolean | undefined> {
    if (!this.#relay) return undefined;
    if (this.#roster.isStale) await this.#read();
    return this.#roster.hasWorkers;
  }

  /** Returns the handlers of live processes for events of this type. */
  async handlersFor(type: string): Promise<WantedHandlers> {
    if (this.#roster.isStale) await this.#read();
    return this.#roster.matching(type);
  }

  #receive(relay: Relay<never>, { says, ...entry }: Heartbeat): void {
    if (says === 'goodbye') {
      this.#roster.remove(entry.node);
      this.#acknowledge(entry.node);
      // Not awaited: if it fails, the next heartbeat looks again.
      this.#lookElsewhere(relay).catch(() => undefined);
      return;
    }
    this.#roster.update(entry);
    this.#onHeartbeat(entry);
    if (this.#roster.heartbeatMs < this.#heartbeatMs && !this.#hasLeft) {
      // A peer that has just joined expects the next one sooner.
      void this.#beat();
    }
    if (says === 'hello' && this.#self.works && entry.node !== relay.nodeId) {
      // If this message is lost, the next heartbeat asks again.
      relay.publish(`${ACKNOWLEDGEMENT}.${entry.node}`, relay.nodeId).catch(() => undefined);
    }
  }

  #acknowledge(by: string): void {
    this.#acknowledgedBy.add(by);
    this.#onAcknowledgement();
  }

  /** A peer that already has all our handlers cannot drop our events, so it is waited for only briefly. */
  async #waitForAcknowledgements(relay: Relay<never>, others: readonly RosterEntry[]): Promise<void> {
    await this.#untilAcknowledgedBy(others, ACKNOWLEDGEMENT_MS);
    const names = this.#self.handlers.map(({ name }) => name);
    const lacksOne = ({ handlers }: RosterEntry) => !names.every((name) => handlers.some((one) => one.name === name));
    let pending = others.filter((entry) => lacksOne(entry) && !entry.isSilent);
    const deadline = Date.now() + ROSTER_LEASE_MS;
    while (!this.#hasLeft && Date.now() < deadline) {
      pending = pending.filter(({ node }) => !this.#acknowledgedBy.has(node));
      const connected = await Promise.all(pending.map(({ node }) => isConnected(relay, node)));
      pending = pending.filter((_entry, index) => connected[index]);
      if (pending.length === 0) return;
      await this.#untilAcknowledgedBy(pending, ACKNOWLEDGEMENT_MS);
    }
  }

  async #untilAcknowledgedBy(others: readonly RosterEntry[], withinMs: number): Promise<void> {
    const byAll = () => others.every(({ node }) => this.#acknowledgedBy.has(node));
    if (byAll()) return;
    await settlesWithin(
      new Promise<void>((resolve) => {
        this.#onAcknowledgement = () => byAll() && resolve();
      }),
      withinMs,
    );
  }

  #publish(says = this.#says): Promise<unknown> {
    const relay = this.#relay;
    if (!relay || (this.#hasLeft && says !== 'goodbye')) return Promise.resolve();
    const hello: Heartbeat = {
      node: relay.nodeId,
      ...this.#self,
      leaseMs: ROSTER_LEASE_MS,
      ...(says && { says }),
    };
    const retain = says === 'goodbye' ? {} : { retain: ROSTER_LEASE_MS };
    // In this order: peers would trust a heartbeat that arrived after the goodbye.
    const said = this.#lastPublish.then(() => relay.publish(topicOf(relay), hello, retain));
    this.#lastPublish = said.catch(() => undefined);
    return said;
  }

  #read(): Promise<readonly RosterEntry[]> {
    this.#reading ??= this.#readOnce().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readOnce(): Promise<readonly RosterEntry[]> {
    const since = this.#roster.now();
    const retained = (await this.#relay?.getRetained()) ?? [];
    const entries = retained
      .filter(({ topic }) => topic.startsWith(`${ROSTER}.`))
      .map(({ data }) => readHeartbeat(JSON.parse(data) as Heartbeat));
    this.#roster.refresh(entries, since);
    return entries;
  }

  /** Tells peers that this process leaves. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    clearTimeout(this.#heartbeat);
    const relay = this.#relay;
    if (!relay) return;
    const goodbye = this.#publish('goodbye').then(() => relay.deleteRetained(topicOf(relay)));
    // Bounded: an unavailable store must not delay the shutdown. Without this message the lease expires.
    await settlesWithin(
      goodbye.catch(() => undefined),
      LEAVE_TIMEOUT_MS,
    );
  }
}

function topicOf({ nodeId }: Relay<never>): string {
  return `${ROSTER}.${nodeId}`;
}

/** True if a process that has not answered may still do so, or if the store cannot tell. */
async function isConnected(relay: Relay<never>, node: string): Promise<boolean> {
  try {
    return (await relay.getNodeConnections(node)).length > 0;
  } catch {
    return true;
  }
}
