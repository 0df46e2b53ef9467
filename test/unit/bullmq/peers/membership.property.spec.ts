import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Relay } from 'bullmq';
import * as fc from 'fast-check';
import { HandlerRoster, ROSTER_LEASE_MS, type RosterEntry } from '../../../../lib/bullmq/peers/handler-roster.js';
import type { Member } from '../../../../lib/bullmq/peers/member.js';
import { Membership } from '../../../../lib/bullmq/peers/membership.js';
import { SEED } from '../../../support/seed.js';

jest.setTimeout(120_000);

type Listener = (message: { data: never }) => void;

/** Longest way of a message, and of a request to the store or back. Five of them are shorter than a lease. */
const MAX_LATENCY_MS = 3_000;
const MAX_STALL_MS = 8_000;
const TYPE = 'batch.succeeded';

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const never = new Promise<never>(() => undefined);

/** A relay with latencies. Each subscriber receives the messages in the order in which they reached the store. */
class Hub {
  readonly #latencies: readonly number[];
  #used = 0;
  readonly #retained = new Map<string, { readonly data: string; readonly until: number }>();
  readonly #connected = new Set<string>();
  readonly #subscribers: {
    readonly node: string;
    readonly matches: (topic: string) => boolean;
    readonly listener: Listener;
  }[] = [];
  readonly #busyUntil = new Map<string, number>();

  constructor(latencies: readonly number[]) {
    this.#latencies = latencies;
  }

  #way(): Promise<void> {
    return wait(this.#latency());
  }

  #latency(): number {
    const latency = this.#latencies[this.#used % this.#latencies.length] ?? 0;
    this.#used += 1;
    return latency;
  }

  relay(node: string): Relay<never> {
    this.#connected.add(node);
    const request = async <Result>(work: () => Result): Promise<Result> => {
      await this.#way();
      if (!this.#connected.has(node)) return never;
      const result = work();
      await this.#way();
      return this.#connected.has(node) ? result : never;
    };
    return {
      nodeId: node,
      subscribe: (pattern: string, listener: Listener) =>
        request(() => {
          const prefix = pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
          const matches = (topic: string) => (prefix === undefined ? topic === pattern : topic.startsWith(prefix));
          this.#subscribers.push({ node, matches, listener });
        }),
      publish: (topic: string, data: unknown, { retain }: { retain?: number } = {}) =>
        request(() => {
          const text = JSON.stringify(data);
          if (retain) this.#retained.set(topic, { data: text, until: Date.now() + retain });
          for (const subscriber of this.#subscribers) if (subscriber.matches(topic)) this.#deliver(subscriber, text);
        }),
      getRetained: () =>
        request(() =>
          [...this.#retained].flatMap(([topic, { data, until }]) => (until > Date.now() ? [{ topic, data }] : [])),
        ),
      deleteRetained: (topic: string) => request(() => this.#retained.delete(topic)),
      // No process of version 0.1.0 takes part.
      getSubscriptions: () => request(() => []),
      getNodeConnections: (other: string) => request(() => (this.#connected.has(other) ? [{}] : [])),
    } as unknown as Relay<never>;
  }

  #deliver({ node, listener }: { readonly node: string; readonly listener: Listener }, data: string): void {
    const at = Math.max(Date.now() + this.#latency(), this.#busyUntil.get(node) ?? 0);
    this.#busyUntil.set(node, at);
    void wait(at - Date.now()).then(() => {
      if (this.#connected.has(node)) listener({ data: JSON.parse(data) as never });
    });
  }

  /** The node receives nothing for a while, and then everything that it has missed. */
  stall(node: string, ms: number): void {
    this.#busyUntil.set(node, Math.max(this.#busyUntil.get(node) ?? 0, Date.now() + ms));
  }

  disconnect(node: string): void {
    this.#connected.delete(node);
  }
}

const worker = (...handlers: string[]): Member => ({
  works: true,
  handlers: handlers.map((name) => ({ name, patterns: ['*'] })),
});
const MEMBERS: readonly Member[] = [
  worker('a'),
  worker('a', 'b'),
  worker('c'),
  worker('a', 'b', 'c', 'd'),
  { works: false, handlers: [], idle: [{ name: 'e', patterns: ['*'] }] },
];
const namesOf = ({ handlers }: Pick<RosterEntry, 'handlers'>) => handlers.map(({ name }) => name);

/** A process, from the start of its join to its end. */
interface Process {
  readonly node: string;
  readonly self: Member;
  readonly membership: Membership;
  readonly roster: HandlerRoster;
  hasJoined: boolean;
}

interface Action {
  readonly afterMs: number;
  readonly does: 'join' | 'leave' | 'crash' | 'stall';
  readonly member: number;
  readonly stallMs: number;
}

class Fleet {
  readonly faults: string[] = [];
  readonly #hub: Hub;
  readonly #processes = new Map<number, Process>();
  readonly #ended: Membership[] = [];

  constructor(latencies: readonly number[]) {
    this.#hub = new Hub(latencies);
  }

  act({ does, member, stallMs }: Action): void {
    const process = this.#processes.get(member);
    if (does === 'join') return process ? undefined : this.#join(member);
    if (!process) return;
    if (does === 'stall') return this.#hub.stall(process.node, stallMs);
    if (does === 'leave') void process.membership.leave();
    if (does === 'crash') this.#hub.disconnect(process.node);
    this.#processes.delete(member);
    this.#ended.push(process.membership);
  }

  #join(member: number): void {
    // A process that starts again after it ended is another node.
    const node = `${member}.${this.#ended.length}`;
    const self = MEMBERS[member]!;
    const roster = new HandlerRoster();
    const process: Process = { node, self, roster, membership: new Membership(self, { roster }), hasJoined: false };
    this.#processes.set(member, process);
    void process.membership.join(this.#hub.relay(node)).then(() => {
      process.hasJoined = true;
      this.check();
    });
  }

  get #live(): readonly Process[] {
    return [...this.#processes.values()].filter(({ hasJoined }) => hasJoined);
  }

  /** No worker may complete an event without a handler of another worker that has started. */
  check(): void {
    for (const one of this.#live) {
      if (!one.self.works) continue;
      const known = new Set([...namesOf(one.self), ...one.roster.matching(TYPE).run]);
      for (const other of this.#live) {
        const unknown = namesOf(other.self).filter((name) => !known.has(name));
        if (unknown.length > 0)
          this.faults.push(
            `${namesOf(one.self).join()} does not know ${unknown.join()} of ${namesOf(other.self).join()}`,
          );
      }
    }
  }

  /** Once nothing has changed for longer than a lease, every process knows exactly the live ones. */
  async checkSettled(): Promise<void> {
    // Each event asks for the handlers, which reads the roster from the store if a heartbeat was late.
    const asked = this.#live.map(({ membership }) => membership.handlersFor(TYPE));
    await jest.advanceTimersByTimeAsync(3 * MAX_LATENCY_MS);
    const run = [...new Set(this.#live.flatMap(({ self }) => namesOf(self)))].toSorted();
    for (const wanted of await Promise.all(asked)) expect(wanted.run.toSorted()).toEqual(run);
    // After a late heartbeat a process does not trust that it is alone.
    for (const { membership } of this.#live) if (this.#live.length > 1) expect(membership.isAlone).toBe(false);
  }

  get isSettled(): boolean {
    return this.#live.length === this.#processes.size;
  }

  async end(): Promise<void> {
    const all = [...this.#ended, ...[...this.#processes.values()].map(({ membership }) => membership)];
    const left = Promise.all(all.map((membership) => membership.leave()));
    await jest.advanceTimersByTimeAsync(10_000);
    await left;
    jest.clearAllTimers();
  }
}

const action: fc.Arbitrary<Action> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat(MAX_LATENCY_MS), fc.nat(15_000)),
  does: fc.constantFrom<Action['does'][]>('join', 'join', 'join', 'leave', 'crash', 'stall'),
  member: fc.nat(MEMBERS.length - 1),
  stallMs: fc.nat(MAX_STALL_MS),
});

/** Late heartbeats once kept a dead process alive. */
const DEAD_AMID_LATE_HEARTBEATS: [number[], Action[]] = [
  [2_002, 0, 0],
  [
    { afterMs: 0, does: 'join', member: 1, stallMs: 0 },
    { afterMs: 4_007, does: 'join', member: 0, stallMs: 0 },
    { afterMs: 0, does: 'crash', member: 1, stallMs: 0 },
  ],
];

describe('for all latencies, and processes that join, leave, crash and stall', () => {
  beforeAll(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  });

  afterAll(() => {
    jest.useRealTimers();
  });

  it('workers that have started know the handlers that they lack, and in the end who is alive', async () => {
    const latencies = fc.array(fc.oneof(fc.nat(20), fc.nat(MAX_LATENCY_MS)), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(latencies, fc.array(action, { minLength: 2, maxLength: 12 }), async (given, actions) => {
        const fleet = new Fleet(given);
        for (const one of actions) {
          await jest.advanceTimersByTimeAsync(one.afterMs);
          fleet.check();
          fleet.act(one);
        }
        await jest.advanceTimersByTimeAsync(5 * ROSTER_LEASE_MS);
        expect(fleet.isSettled).toBe(true);
        await fleet.checkSettled();
        await fleet.end();
        expect(fleet.faults).toEqual([]);
      }),
      { seed: SEED, numRuns: 200, examples: [DEAD_AMID_LATE_HEARTBEATS] },
    );
  });
});
