import { beforeEach, describe, expect, it } from '@jest/globals';
import { HandlerRoster, ROSTER_HEARTBEAT_MS, ROSTER_LEASE_MS } from '../../../../lib/bullmq/peers/handler-roster.js';

let now: number;
let roster: HandlerRoster;
const hear = (node: string, name: string, pattern: 'batch.*' | 'video.*' | '*' = '*') =>
  roster.update({ node, works: true, handlers: [{ name, patterns: [pattern] }] });
const matching = (type = 'batch.succeeded') => [...roster.matching(type).run].toSorted();
/** The process itself sends heartbeats all the time. */
const pass = (milliseconds: number) => {
  for (const end = now + milliseconds; now < end;) {
    now = Math.min(now + 10_000, end);
    hear('self', 'mine');
  }
};

beforeEach(() => {
  now = 1_000_000;
  roster = new HandlerRoster(() => now);
  hear('self', 'mine');
});

describe('HandlerRoster', () => {
  it('returns the distinct handlers of live workers for a type', () => {
    hear('one', 'a', 'batch.*');
    hear('two', 'a', 'batch.*');
    hear('three', 'b', 'video.*');

    expect(matching()).toEqual(['a', 'mine']);
    expect(matching('video.generated')).toEqual(['b', 'mine']);
  });

  it('removes a worker after 30 s without a heartbeat', () => {
    hear('other', 'a');
    pass(30_000);
    expect(matching()).toEqual(['a', 'mine']);
    pass(1);
    expect(matching()).toEqual(['mine']);
  });

  it('removes a worker that leaves', () => {
    hear('other', 'a');
    roster.remove('other');
    expect(matching()).toEqual(['mine']);
  });

  it("keeps a worker's latest heartbeat", () => {
    hear('other', 'a');
    hear('other', 'b');
    expect(matching()).toEqual(['b', 'mine']);
  });

  it('removes no worker during an outage of the store and renews all leases afterwards', () => {
    hear('other', 'a');
    now += 3_600_000;
    expect(matching()).toEqual(['a', 'mine']);
    hear('self', 'mine');
    expect(matching()).toEqual(['a', 'mine']);
    pass(30_001);
    expect(matching()).toEqual(['mine']);
  });

  it('removes a dead worker although heartbeats keep being late', () => {
    hear('other', 'a');
    for (let late = 0; late < 5; late += 1) {
      now += 13_000;
      hear('self', 'mine');
      now += 7_000;
      hear('self', 'mine');
    }

    expect(matching()).toEqual(['mine']);
  });

  it('does not renew a lease that had ended before the outage', () => {
    hear('other', 'a');
    pass(60_000);
    now += 13_000;
    hear('self', 'mine');

    expect(matching()).toEqual(['mine']);
  });

  it('does not count the time of a second outage in which a worker could not be heard', () => {
    hear('other', 'a');
    for (let outages = 0; outages < 2; outages += 1) {
      now += 3_600_000;
      hear('self', 'mine');
      pass(10_000);
    }
    expect(matching()).toEqual(['a', 'mine']);
    pass(20_001);

    expect(matching()).toEqual(['mine']);
  });

  it('returns the handlers that only receive-only processes have', () => {
    roster.update({
      node: 'web',
      works: false,
      handlers: [],
      idle: [
        { name: 'mine', patterns: ['*'] },
        { name: 'theirs', patterns: ['batch.*'] },
      ],
    });

    expect(roster.matching('batch.succeeded')).toEqual({ run: ['mine'], idle: ['theirs'] });
    expect(roster.matching('video.generated')).toEqual({ run: ['mine'], idle: [] });
    pass(30_001);
    expect(roster.matching('batch.succeeded').idle).toEqual([]);
  });

  it('knows whether a live process runs workers', () => {
    roster = new HandlerRoster(() => now);
    const hearReceiver = () => roster.update({ node: 'web', works: false, handlers: [] });
    hearReceiver();
    expect(roster.hasWorkers).toBe(false);

    hear('worker', 'a');
    expect(roster.hasWorkers).toBe(true);
    for (let heartbeats = 0; heartbeats < 3; heartbeats += 1) {
      now += 10_000;
      hearReceiver();
    }
    expect(roster.hasWorkers).toBe(true);
    now += 1;
    expect(roster.hasWorkers).toBe(false);

    hear('worker', 'a');
    roster.remove('worker');
    expect(roster.hasWorkers).toBe(false);
  });

  describe('with the leases that processes publish', () => {
    const hearLease = (node: string, works = true, name = 'a') =>
      roster.update({ node, works, handlers: works ? [{ name, patterns: ['*'] }] : [], leaseMs: ROSTER_LEASE_MS });

    beforeEach(() => {
      roster = new HandlerRoster(() => now);
      hearLease('self');
    });

    it('removes a worker after its lease', () => {
      hearLease('other', true, 'b');
      for (const end = now + ROSTER_LEASE_MS; now < end; hearLease('self')) now += ROSTER_HEARTBEAT_MS;
      expect(matching()).toEqual(['a', 'b']);
      now += 1;
      expect(matching()).toEqual(['a']);
    });

    it('sends heartbeats as often as the peers need them', () => {
      expect(roster.heartbeatMs).toBeGreaterThan(ROSTER_HEARTBEAT_MS);
      expect(roster.heartbeatMs).toBeLessThan(ROSTER_LEASE_MS);
      hearLease('web', false);
      expect(roster.heartbeatMs).toBe(ROSTER_HEARTBEAT_MS);
      hear('an earlier version', 'b');
      expect(roster.heartbeatMs).toBe(10_000);
      roster.remove('an earlier version');
      expect(roster.heartbeatMs).toBe(ROSTER_HEARTBEAT_MS);
    });

    it('sends them at this rate in a process without workers, whose own ones show that it is connected', () => {
      roster = new HandlerRoster(() => now);
      hearLease('web', false);
      expect(roster.heartbeatMs).toBe(ROSTER_HEARTBEAT_MS);
    });

    it('is not stale between two heartbeats, alone or not', () => {
      for (const peers of [[], ['other']]) {
        for (const peer of ['self', ...peers]) hearLease(peer);
        now += roster.heartbeatMs;
        expect(roster.isStale).toBe(false);
      }
    });

    it('knows whether another worker runs other handlers', () => {
      hearLease('web', false);
      hearLease('like it');
      expect(roster.hasOtherHandlers('self')).toBe(false);
      hearLease('newer', true, 'b');
      expect(roster.hasOtherHandlers('self')).toBe(true);
      roster.remove('newer');
      expect(roster.hasOtherHandlers('self')).toBe(false);
    });
  });

  it('learns from the store whether a process runs workers', () => {
    roster = new HandlerRoster(() => now);
    roster.refresh([{ node: 'worker', works: true, handlers: [] }], now);

    expect(roster.hasWorkers).toBe(true);
  });
});
