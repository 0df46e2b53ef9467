import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Relay } from 'bullmq';
import { HandlerRoster, ROSTER_LEASE_MS } from '../../../../lib/bullmq/peers/handler-roster.js';
import { Membership } from '../../../../lib/bullmq/peers/membership.js';
import { until } from '../../../support/until.js';

type Listener = (message: { data: never }) => void;

/** A relay between processes in memory. A paused node receives its messages when it continues. */
class Hub {
  readonly retained = new Map<string, string>();
  readonly connected = new Set<string>();
  readonly #listeners: { readonly node: string; readonly pattern: string; readonly listener: Listener }[] = [];
  readonly #paused = new Map<string, (() => void)[]>();

  relay(nodeId: string): Relay<never> {
    this.connected.add(nodeId);
    const relay = {
      nodeId,
      subscribe: async (pattern: string, listener: Listener) =>
        void this.#listeners.push({ node: nodeId, pattern, listener }),
      publish: async (topic: string, data: unknown, { retain }: { retain?: number } = {}) => {
        if (retain) this.retained.set(topic, JSON.stringify(data));
        for (const { node, pattern, listener } of this.#listeners) {
          if (pattern !== topic && pattern !== `${topic.split('.')[0]}.*`) continue;
          const deliver = () => listener({ data: structuredClone(data) as never });
          if (this.#paused.has(node)) this.#paused.get(node)!.push(deliver);
          else queueMicrotask(deliver);
        }
      },
      getRetained: async () => [...this.retained].map(([topic, data]) => ({ topic, data })),
      deleteRetained: async (topic: string) => this.retained.delete(topic),
      getNodeConnections: async (node: string) => (this.connected.has(node) ? [{}] : []),
      getSubscriptions: async ({ pattern }: { pattern: string }) =>
        this.#listeners.filter((one) => one.pattern === pattern).map(({ node }) => ({ nodeId: node })),
    };
    return relay as unknown as Relay<never>;
  }

  /** A relay whose requests fail while `isDown`. It counts the messages that it published. */
  failingRelay(nodeId: string) {
    const relay = this.relay(nodeId);
    const publish = relay.publish.bind(relay);
    const state = { isDown: false, published: 0 };
    relay.publish = async (...given: Parameters<typeof publish>) => {
      if (state.isDown) throw new Error('the store is unavailable');
      state.published += 1;
      return publish(...given);
    };
    return { relay, state };
  }

  disconnect(node: string): void {
    this.connected.delete(node);
    for (const gone of this.#listeners.filter((one) => one.node === node))
      this.#listeners.splice(this.#listeners.indexOf(gone), 1);
  }

  pause(node: string): void {
    this.#paused.set(node, []);
  }

  resume(node: string): void {
    const missed = this.#paused.get(node) ?? [];
    this.#paused.delete(node);
    for (const deliver of missed) deliver();
  }
}

const members: Membership[] = [];
const member = (...handlers: string[]) => {
  const made = new Membership({ works: true, handlers: handlers.map((name) => ({ name, patterns: ['*'] })) });
  members.push(made);
  return made;
};

afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(members.splice(0).map((one) => one.leave()));
});

describe('the processes on one store', () => {
  it('know each other once they have joined, also when they join at the same time', async () => {
    const hub = new Hub();
    const [a, b] = [member('a'), member('b')];
    await Promise.all([a.join(hub.relay('one')), b.join(hub.relay('two'))]);

    for (const one of [a, b]) {
      expect((await one.handlersFor('batch.succeeded')).run.toSorted()).toEqual(['a', 'b']);
      expect(one.isAlone).toBe(false);
    }
  });

  it('wait until a live worker that lacks one of their handlers has acknowledged them, however slow it is', async () => {
    const hub = new Hub();
    const [slow, young] = [member('a'), member('a', 'b')];
    await slow.join(hub.relay('slow'));
    hub.pause('slow');
    let joined = false;
    const joining = young.join(hub.relay('young')).then(() => (joined = true));

    await expect(until(() => joined, { withinMs: 1_500 })).rejects.toThrow('still not so');
    expect((await slow.handlersFor('batch.succeeded')).run).toEqual(['a']);
    hub.resume('slow');
    await joining;

    expect((await slow.handlersFor('batch.succeeded')).run).toEqual(['a', 'b']);
  });

  it('wait only briefly for a peer that is dead or has all their handlers', async () => {
    const hub = new Hub();
    const [dead, silent] = [member('a'), member('a', 'b')];
    await dead.join(hub.relay('dead'));
    await silent.join(hub.relay('silent'));
    for (const node of ['dead', 'silent']) hub.pause(node);
    hub.connected.delete('dead');

    const start = Date.now();
    await member('a', 'b').join(hub.relay('young'));
    expect(Date.now() - start).toBeLessThan(1_900);
  });

  it('send nothing after they have left, even if that was before they joined', async () => {
    const hub = new Hub();
    const one = member('a');
    const joining = one.join(hub.relay('one'));
    await one.leave();
    await joining;

    expect([...hub.retained.keys()]).toEqual([]);
  });

  it('send a heartbeat that failed again soon, so that an outage of seconds does not end the lease', async () => {
    jest.useFakeTimers();
    const { relay, state } = new Hub().failingRelay('one');
    await member('a').join(relay);
    expect(state.published).toBe(1);

    state.isDown = true;
    await jest.advanceTimersByTimeAsync(ROSTER_LEASE_MS - 10_000);
    state.isDown = false;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(state.published).toBe(2);
    await jest.advanceTimersByTimeAsync(ROSTER_LEASE_MS - 10_000);
    expect(state.published).toBe(3);
  });

  it('are alone until another process joins, and again after it has left', async () => {
    const hub = new Hub();
    const [one, two] = [member('a'), member('a')];
    await one.join(hub.relay('one'));
    expect(one.isAlone).toBe(true);

    await two.join(hub.relay('two'));
    expect([one.isAlone, two.isAlone]).toEqual([false, false]);
    await two.leave();
    await until(() => one.isAlone);
    expect([...hub.retained.keys()]).toEqual(['roster.one']);
  });

  it('wait for a worker of version 0.2.0, whose heartbeats have no lease, as for one of this version', async () => {
    const hub = new Hub();
    const earlier = hub.relay('earlier');
    const heartbeat = { node: 'earlier', works: true, handlers: [{ name: 'a', patterns: ['*'] }] };
    await earlier.publish('roster.earlier', heartbeat as never, { retain: 30_000 });
    let joined = false;
    const joining = member('a', 'b')
      .join(hub.relay('young'))
      .then(() => (joined = true));

    await expect(until(() => joined, { withinMs: 1_500 })).rejects.toThrow('still not so');
    await earlier.publish('welcome.young', 'earlier' as never);
    await joining;
  });

  it('give a worker of version 0.1.0, which does not acknowledge, a second to learn of their handlers', async () => {
    jest.useFakeTimers();
    const hub = new Hub();
    const heartbeat = { node: 'earlier', handlers: [{ name: 'a', patterns: ['*'] }] };
    await hub.relay('earlier').publish('roster.earlier', heartbeat as never, { retain: 30_000 });
    let joined = false;
    void member('a', 'b')
      .join(hub.relay('young'))
      .then(() => (joined = true));

    await jest.advanceTimersByTimeAsync(999);
    expect(joined).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(joined).toBe(true);
  });

  it('stop waiting for acknowledgements when they leave', async () => {
    jest.useFakeTimers();
    const hub = new Hub();
    const [slow, young] = [member('a'), member('a', 'b')];
    await slow.join(hub.relay('slow'));
    hub.pause('slow');
    let hasEnded = false;
    void young.join(hub.relay('young')).then(() => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(2_500);

    await young.leave();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(hasEnded).toBe(true);
  });

  it('know workers of version 0.1.0 by their handlers, do not wait for them, and believe their goodbye', async () => {
    const hub = new Hub();
    const earlier = hub.relay('earlier');
    const beat = (...names: string[]) => {
      const handlers = names.map((name) => ({ name, patterns: ['*'] }));
      return earlier.publish('roster.earlier', { node: 'earlier', handlers } as never, { retain: 30_000 });
    };
    await beat('old');
    const heartbeats: [node: string, works: boolean][] = [];
    const web = new Membership(
      { works: false, handlers: [] },
      { onHeartbeat: ({ node, works }) => heartbeats.push([node, works]) },
    );
    members.push(web);
    await web.join(hub.relay('web'));

    expect(await web.hasWorkers()).toBe(true);
    await beat('old');
    await until(() => heartbeats.some(([node]) => node === 'earlier'));
    expect(heartbeats).toContainEqual(['earlier', true]);
    await beat();
    await until(() => web.isAlone);
    expect(await web.hasWorkers()).toBe(false);
  });

  it('are not alone while a process of version 0.1.0, which sends no heartbeats, receives events', async () => {
    jest.useFakeTimers();
    const hub = new Hub();
    const earlier = hub.relay('earlier');
    await earlier.subscribe('events', () => undefined);
    const one = member('a');
    await one.join(hub.relay('one'));
    expect(one.isAlone).toBe(false);

    hub.disconnect('earlier');
    await jest.advanceTimersByTimeAsync(45_000);
    expect(one.isAlone).toBe(true);
    await hub.relay('another').subscribe('events', () => undefined);
    await jest.advanceTimersByTimeAsync(45_000);
    expect(one.isAlone).toBe(false);
  });

  it('are not alone either when the last peer that they know has left such a process behind', async () => {
    const hub = new Hub();
    await hub.relay('earlier').subscribe('events', () => undefined);
    const [one, two] = [member('a'), member('b')];
    await Promise.all([one.join(hub.relay('one')), two.join(hub.relay('two'))]);

    await two.leave();
    await until(async () => (await one.handlersFor('batch.succeeded')).run.length === 1);
    expect(one.isAlone).toBe(false);
    await new Promise(setImmediate);
    expect(one.isAlone).toBe(false);
  });

  it('read the roster from the store when they may have missed a heartbeat', async () => {
    const hub = new Hub();
    let now = 1_000_000;
    const woken = new Membership({ works: true, handlers: [] }, { roster: new HandlerRoster(() => now) });
    members.push(woken);
    await woken.join(hub.relay('woken'));
    hub.pause('woken');
    hub.connected.delete('woken');
    await member('b').join(hub.relay('young'));
    expect((await woken.handlersFor('batch.succeeded')).run).toEqual([]);

    now += ROSTER_LEASE_MS;
    expect(woken.isAlone).toBe(false);
    expect((await woken.handlersFor('batch.succeeded')).run).toEqual(['b']);
  });
});
