import { describe, expect, it } from '@jest/globals';
import { limitUpkeep } from '../../../../lib/bullmq/store/relay-upkeep.js';

const LEASE_MS = 60_000;
const TICK_MS = 5_000;

/** A relay's backend on a clock of the test. `fail` makes the next renewal fail; `expire` loses the lease. */
function relayBackend() {
  let now = 0;
  let isFailing = false;
  let isAlive = true;
  const renewedAt: number[] = [];
  const trimmedAt: number[] = [];
  let inbox: string[] = [];
  let reconnected = (): void => undefined;
  const backend = limitUpkeep(
    {
      async heartbeat(_node: string, _leaseMs: number) {
        if (isFailing) throw new Error('the store is unavailable');
        renewedAt.push(now / 1000);
        return isAlive;
      },
      async trimInbox(_node: string, _cursor: string, _max: number) {
        trimmedAt.push(now / 1000);
        return 0;
      },
      async readInbox(_node: string, _cursor: string, _options: object) {
        if (isFailing) throw new Error('the store is unavailable');
        const entries = inbox.splice(0).map((data) => ({ data }));
        return { entries, cursor: String(now) } as never;
      },
    },
    { now: () => now, onReconnected: (listener) => (reconnected = listener) },
  );
  /** What the relay's timer does. */
  const tick = async () => {
    const alive = await backend.heartbeat('node', LEASE_MS).catch(() => undefined);
    await backend.trimInbox('node', '', 10_000);
    return alive;
  };
  return {
    renewedAt,
    trimmedAt,
    tick,
    pass: (ms: number) => (now += ms),
    async passTicks(ms: number) {
      for (const end = now + ms; now < end; now += TICK_MS) await tick();
    },
    /** What the relay does when messages arrive. */
    async receive(...messages: string[]) {
      inbox = messages;
      await backend.readInbox('node', '', { blockMs: 0, count: 100 });
      return tick();
    },
    failing: (value: boolean) => (isFailing = value),
    reconnect: () => reconnected(),
    expire: () => (isAlive = false),
    read: () => backend.readInbox('node', '', { blockMs: 0, count: 100 }),
  };
}

describe('the upkeep of a relay', () => {
  it('renews the lease and trims the inbox well before the lease expires, and not more often', async () => {
    const { passTicks, renewedAt, trimmedAt } = relayBackend();
    await passTicks(3 * LEASE_MS);

    expect(renewedAt).toEqual([0, 40, 80, 120, 160]);
    expect(trimmedAt).toEqual(renewedAt);
  });

  it('sends nothing more for each message', async () => {
    const { tick, receive, renewedAt, trimmedAt } = relayBackend();
    await tick();
    for (let message = 0; message < 50; message += 1) expect(await receive('{}')).toBe(true);

    expect(renewedAt).toEqual([0]);
    expect(trimmedAt).toEqual([0]);
  });

  it.each([
    ['many messages', 101, '{}'],
    ['large messages', 3, 'x'.repeat(400_000)],
  ])('trims the inbox at once after %s', async (_what, count, data) => {
    const { tick, receive, pass, trimmedAt } = relayBackend();
    await tick();
    pass(1_000);
    for (let message = 0; message < count; message += 1) await receive(data);

    expect(trimmedAt).toEqual([0, 1]);
  });

  it('tries a failed renewal again at the next occasion', async () => {
    const { tick, passTicks, pass, failing, renewedAt } = relayBackend();
    await tick();
    pass(40_000);
    failing(true);
    await passTicks(10_000);
    failing(false);
    await passTicks(10_000);

    expect(renewedAt).toEqual([0, 50]);
  });

  it('reports a lost lease, and renews the next one at once', async () => {
    const { tick, pass, expire, renewedAt } = relayBackend();
    await tick();
    pass(40_000);
    expire();
    expect([await tick(), await tick()]).toEqual([false, false]);
    expect(renewedAt).toEqual([0, 40, 40]);
  });

  it('asks for the lease again after an outage, which may have lost it', async () => {
    const { tick, read, reconnect, failing, renewedAt } = relayBackend();
    await tick();
    failing(true);
    await expect(read()).rejects.toThrow('unavailable');
    failing(false);
    await tick();
    await tick();
    reconnect();
    await tick();

    expect(renewedAt).toEqual([0, 0, 0]);
  });
});
