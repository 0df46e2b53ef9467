import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseEvent } from '../../build/events/parse-event.js';
import { verifiedDelivery } from '../../build/events/verified-delivery.js';
import { inlineInbox } from '../../build/index.js';
import { QUICK } from './harness.js';

const EVENTS = QUICK ? 400 : 1_600;
const BODY_BYTES = 40_000;
/** `inlineInbox`'s default. */
const MAX_MIB = 128;

/** What takes most once it is parsed: 3 bytes of JSON are an object. */
const SHAPES = {
  'empty objects': () => Array.from({ length: BODY_BYTES / 3 }, () => ({})),
  'one long text': () => 'x'.repeat(BODY_BYTES),
};

Logger.overrideLogger(['error']);

const PASSING = QUICK ? 400_000 : 1_000_000;
const IN_FLIGHT = 50;
/** From here on, the memory is to be flat. */
const WARM_AFTER = 50_000;
const MAX_GROWTH_MIB = 24;

const rss = () => {
  globalThis.gc();
  return process.memoryUsage.rss() / 2 ** 20;
};

const heap = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
};

function delivery(filling) {
  const body = Buffer.from(
    JSON.stringify({ type: 'batch.succeeded', data: { id: `batches/${randomUUID()}`, filling } }),
  );
  const facts = {
    id: `msg_${randomUUID()}`,
    registration: 'default',
    attemptedAt: new Date(),
    strategy: 'hmac',
    params: {},
  };
  return verifiedDelivery({ ...facts, raw: parseEvent(body), body });
}

const rows = [await passing()];
for (const [shape, filling] of Object.entries(SHAPES)) {
  const ended = withResolvers();
  const inbox = inlineInbox({ ackTimeoutMs: 1 })({
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => [],
    // A handler holds its event as long as it runs.
    dispatch: (held) => ended.promise.then(() => ({ retryable: [], final: [], held })),
    announce: () => undefined,
  });
  const before = heap();
  let held = 0;
  for (let event = 0; event < EVENTS; event += 1) {
    const { code } = await inbox.accept(delivery(filling())).catch((error) => error);
    if (code === 'still_processing') held += 1;
  }
  const growth = heap() - before;
  rows.push({
    what: `inline inbox, ${EVENTS} slow events of 40 KB (${shape})`,
    beside: `${held} taken, ${EVENTS - held} answered 503`,
    value: `${growth.toFixed(0)} MiB`,
    target: `≤ ${MAX_MIB} MiB`,
    met: growth <= MAX_MIB,
  });
  ended.resolve();
  await inbox.close();
}
process.send(rows);

/** The growth of the RSS while events pass, each of them handled at once. */
async function passing() {
  const inbox = inlineInbox()({
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => [],
    dispatch: async () => ({ retryable: [], final: [] }),
    announce: () => undefined,
  });
  const measured = {};
  for (let passed = 0; passed < PASSING; passed += IN_FLIGHT) {
    if (passed === WARM_AFTER || passed === PASSING / 2) measured[passed] = rss();
    const accepted = Array.from({ length: IN_FLIGHT }, () => inbox.accept(delivery('a short text')));
    for (const { status } of await Promise.all(accepted)) if (status !== 'processed') throw new Error(status);
    // As between requests: what waits for the next tick would pile up.
    await nextTurn();
  }
  measured[PASSING] = rss();
  await inbox.close();
  const count = (number) => Number(number).toLocaleString('en');
  const growth = measured[PASSING] - measured[WARM_AFTER];
  return {
    what: `inline inbox, ${count(PASSING)} events, growth of the RSS after ${count(WARM_AFTER)}`,
    beside: Object.entries(measured)
      .map(([passed, mebibytes]) => `${mebibytes.toFixed(0)} MiB after ${count(passed)}`)
      .join(', '),
    value: `${growth.toFixed(0)} MiB`,
    target: `≤ ${MAX_GROWTH_MIB} MiB`,
    met: growth <= MAX_GROWTH_MIB,
  };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
