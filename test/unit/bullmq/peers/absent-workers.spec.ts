import { beforeEach, describe, expect, it } from '@jest/globals';
import { AbsentWorkers } from '../../../../lib/bullmq/peers/absent-workers.js';
import { ROSTER_HEARTBEAT_MS } from '../../../../lib/bullmq/peers/handler-roster.js';
import { INBOX_TIMING } from '../../../../lib/bullmq/bullmq-inbox.options.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

const MINUTE_MS = 60_000;

let now: number;
let logger: RecordingLogger;
let absent: AbsentWorkers;

/** Lets time pass with heartbeats of this process and, if given, of a worker. */
const pass = (milliseconds: number, { worker = false } = {}) => {
  for (const end = now + milliseconds; now < end;) {
    now = Math.min(now + ROSTER_HEARTBEAT_MS, end);
    if (worker) absent.onHeartbeat({ works: true });
    absent.onHeartbeat({ works: false });
  }
};
const lines = () => logger.entries.map(({ level }) => level);

beforeEach(() => {
  now = 1_000_000;
  logger = new RecordingLogger();
  absent = new AbsentWorkers(logger, { queueName: 'events', afterMs: INBOX_TIMING.workerAbsentMs, now: () => now });
  absent.onHeartbeat({ works: false });
});

describe('a receive-only process', () => {
  it('warns within a minute if no worker is alive at start', () => {
    pass(MINUTE_MS);
    expect(logger.of('warn')).toEqual([expect.stringMatching(/No worker .*"events".*Start/s)]);
  });

  it('does not warn while a worker sends heartbeats or joins soon', () => {
    pass(ROSTER_HEARTBEAT_MS);
    pass(10 * MINUTE_MS, { worker: true });
    expect(lines()).toEqual([]);
  });

  it("warns within a minute after the last worker's last heartbeat", () => {
    pass(MINUTE_MS, { worker: true });
    pass(ROSTER_HEARTBEAT_MS);
    expect(lines()).toEqual([]);
    pass(MINUTE_MS - ROSTER_HEARTBEAT_MS);
    expect(lines()).toEqual(['warn']);
  });

  it('repeats the warning rarely, and logs once that a worker is back', () => {
    pass(16 * MINUTE_MS);
    expect(lines()).toEqual(['warn', 'warn']);
    pass(MINUTE_MS, { worker: true });
    expect(lines()).toEqual(['warn', 'warn', 'log']);
  });

  it('does not count an outage of the store as absence of workers', () => {
    pass(MINUTE_MS, { worker: true });
    now += 10 * MINUTE_MS;
    pass(30_000);
    expect(lines()).toEqual([]);
  });
});
