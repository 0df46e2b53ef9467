import type { Relay } from 'bullmq';
import { settlesWithin } from '../with-timeout.js';
import {
  HandlerRoster,
  ROSTER_HEARTBEAT_MS,
  ROSTER_LEASE_MS,
  type RosterEntry,
  type RosterHandler,
} from './handler-roster.js';

const ROSTER = 'roster';
const WELCOME = 'welcome';
/** How long a live process takes at most to welcome another, usually, in milliseconds. */
const WELCOME_MS = 1_000;
const GOODBYE_TIMEOUT_MS = 2_000;

/** A sign of life. Who comes asks to be welcomed; who leaves says so. */
interface Hello extends RosterEntry {
  readonly says?: 'hello' | 'goodbye';
}

/** A process as its fleet sees it. */
export interface Member {
  /** Whether it takes jobs. */
  readonly works: boolean;
  readonly handlers: readonly RosterHandler[];
}

/**
 * Who is there. A process counts from the moment that every live worker has heard of it: each says so to the newcomer,
 * which begins to work only then.
 */
export class Membership {
  readonly #roster: HandlerRoster;
  readonly #self: Member;
  readonly #welcomedBy = new Set<string>();
  #relay: Relay<never> | undefined;
  #reading: Promise<readonly RosterEntry[]> | undefined;
  #saying: Promise<unknown> = Promise.resolve();
  #heartbeat: NodeJS.Timeout | undefined;
  #onWelcome: () => void = () => undefined;
  #says: Hello['says'] = 'hello';
  #hasLeft = false;

  constructor(self: Member, roster = new HandlerRoster()) {
    this.#self = self;
    this.#roster = roster;
  }

  /** Resolves when this process hears of the others and they know of it. */
  async join(relay: Relay<never>): Promise<void> {
    this.#relay = relay;
    this.#welcomedBy.clear();
    await relay.subscribe<Hello>(`${ROSTER}.*`, ({ data }) => this.#hear(relay, data));
    await relay.subscribe<string>(`${WELCOME}.${relay.nodeId}`, ({ data }) => this.#welcomed(data));
    // Before it reads who is there: of two that come at the same time, one at least sees the other.
    await this.#say();
    const others = (await this.#read()).filter(({ node, works }) => works && node !== relay.nodeId);
    if (this.#hasLeft) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => void this.#say().catch(() => undefined), ROSTER_HEARTBEAT_MS);
    await this.#welcome(relay, others);
    this.#says = undefined;
  }

  /** Whether nobody else is there to be told anything. */
  get isAlone(): boolean {
    return this.#relay !== undefined && !this.#roster.isStale && !this.#roster.hasOthers(this.#relay.nodeId);
  }

  /** Names of the handlers of live workers that want events of this type. */
  async handlersFor(type: string): Promise<readonly string[]> {
    if (this.#roster.isStale) await this.#read();
    return this.#roster.matching(type);
  }

  #hear(relay: Relay<never>, { says, ...entry }: Hello): void {
    if (says === 'goodbye') {
      this.#roster.left(entry.node);
      this.#welcomed(entry.node);
      return;
    }
    this.#roster.heard(entry);
    if (says === 'hello' && this.#self.works && entry.node !== relay.nodeId) {
      // One that gets lost is asked for again, with the next sign of life.
      relay.publish(`${WELCOME}.${entry.node}`, relay.nodeId).catch(() => undefined);
    }
  }

  #welcomed(by: string): void {
    this.#welcomedBy.add(by);
    this.#onWelcome();
  }

  /** Who lacks none of this process' handlers swallows nothing of its events, and is not waited for for long. */
  async #welcome(relay: Relay<never>, others: readonly RosterEntry[]): Promise<void> {
    await this.#untilWelcomedBy(others, WELCOME_MS);
    const names = this.#self.handlers.map(({ name }) => name);
    let lacking = others.filter(({ handlers }) => !names.every((name) => handlers.some((one) => one.name === name)));
    const deadline = Date.now() + ROSTER_LEASE_MS;
    while (Date.now() < deadline) {
      lacking = lacking.filter(({ node }) => !this.#welcomedBy.has(node));
      const connected = await Promise.all(lacking.map(({ node }) => isConnected(relay, node)));
      lacking = lacking.filter((_entry, index) => connected[index]);
      if (lacking.length === 0) return;
      await this.#untilWelcomedBy(lacking, WELCOME_MS);
    }
  }

  async #untilWelcomedBy(others: readonly RosterEntry[], withinMs: number): Promise<void> {
    const byAll = () => others.every(({ node }) => this.#welcomedBy.has(node));
    if (byAll()) return;
    await settlesWithin(
      new Promise<void>((resolve) => {
        this.#onWelcome = () => byAll() && resolve();
      }),
      withinMs,
    );
  }

  #say(says = this.#says): Promise<unknown> {
    const relay = this.#relay;
    if (!relay || (this.#hasLeft && says !== 'goodbye')) return Promise.resolve();
    const { works, handlers } = this.#self;
    const hello: Hello = { node: relay.nodeId, works, handlers, ...(says && { says }) };
    const retain = says === 'goodbye' ? {} : { retain: ROSTER_LEASE_MS };
    // In this order: a sign of life after the goodbye would be believed.
    const said = this.#saying.then(() => relay.publish(topicOf(relay), hello, retain));
    this.#saying = said.catch(() => undefined);
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
      .map(({ data }) => JSON.parse(data) as RosterEntry);
    this.#roster.read(entries, since);
    return entries;
  }

  /** Says that this process is not there any more. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    clearInterval(this.#heartbeat);
    const relay = this.#relay;
    if (!relay) return;
    const goodbye = this.#say('goodbye').then(() => relay.deleteRetained(topicOf(relay)));
    // Bounded: a store that is down must not keep the process. The lease ends what is not said.
    await settlesWithin(
      goodbye.catch(() => undefined),
      GOODBYE_TIMEOUT_MS,
    );
  }
}

function topicOf({ nodeId }: Relay<never>): string {
  return `${ROSTER}.${nodeId}`;
}

/** Whether a process that does not answer may yet do so. Where the store does not tell, it may. */
async function isConnected(relay: Relay<never>, node: string): Promise<boolean> {
  try {
    return (await relay.getNodeConnections(node)).length > 0;
  } catch {
    return true;
  }
}
