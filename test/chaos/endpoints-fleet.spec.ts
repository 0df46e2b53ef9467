import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EVENTS, NAME, webhooksOf } from '../support/endpoints.js';
import { post } from '../support/http.js';
import { bodyOf, withHmac } from '../support/senders.js';
import { until } from '../support/until.js';
import { times } from './support/counts.js';
import { WatchedGemini } from './support/endpoints-gemini.js';
import { DURABLE_PLACES, PLACES, type EndpointsPlace } from './support/endpoints-places.js';
import { EndpointsProcess, killEndpointsProcesses, type EndpointsConfig } from './support/endpoints-process.js';
import { Journal } from './support/journal.js';
import { each } from './support/load.js';

jest.setTimeout(300_000);

/** How many processes start at the same time. */
const AT_ONCE = 3;

let place: EndpointsPlace;
let gemini: WatchedGemini;
let journal: Journal;
let config: EndpointsConfig;

const open = async (make: () => Promise<EndpointsPlace>) => {
  [place, gemini, journal] = [await make(), await WatchedGemini.start(), new Journal()];
  const { inbox, secrets } = place;
  config = { journal, gemini: { apiKey: gemini.apiKey, baseUrl: gemini.baseUrl }, inbox, secrets };
};

const startFleet = async (size: number): Promise<EndpointsProcess[]> => {
  const fleet: EndpointsProcess[] = [];
  await each(Array(size).keys(), AT_ONCE, async () => fleet.push(await EndpointsProcess.start(config)));
  return fleet;
};

afterEach(async () => {
  await killEndpointsProcesses();
  await gemini.close();
  await place.remove();
  journal.remove();
});

/** A process takes about nine of PostgreSQL's 100 connections, of which tests that run beside need some. */
const FLEETS = PLACES.map((one) => ({ ...one, size: one.name.endsWith('PostgreSQL') ? times(3, 6) : times(3, 10) }));

describe.each(FLEETS)('$size processes, with $name', ({ make, size }) => {
  beforeEach(() => open(make));

  it("sync at the same time, create one webhook, and all verify Gemini's deliveries", async () => {
    const fleet = await startFleet(size);

    const results = await Promise.all(fleet.map((process) => process.sync(NAME, EVENTS)));

    const webhooks = await webhooksOf(gemini.simulator);
    expect(webhooks).toHaveLength(1);
    expect(new Set(results.map(({ webhook }) => webhook.id))).toEqual(new Set([webhooks[0]!.id]));
    if (place.inbox) expect(results.filter(({ done }) => done !== 'unchanged')).toMatchObject([{ done: 'created' }]);
    const secret = gemini.currentOf(webhooks[0]!);
    const answers = await Promise.all(
      fleet.map(({ uri }) => post(uri, withHmac(secret, bodyOf('batch.failed', { id: randomUUID() })))),
    );
    expect(answers.map(({ status }) => status)).toEqual(fleet.map(() => (place.inbox ? 202 : 200)));
    expect(journal.uncaught()).toEqual([]);
  });
});

const RATE = times(50, 200);
const BATCHES_A_SECOND = 50;
const SECONDS_BEFORE = 1;
const SECONDS_AFTER = 2;
/** Time in which Gemini signs with a new secret before returning it: longer than a process searches for it. */
const UNKNOWN_FOR_MS = 3_000;
const RETRY_AFTER_MS = 500;
const ATTEMPTS = 100;

interface Attempt {
  readonly status: number;
  /** True if its signing secret was valid when it was answered. */
  readonly isValid: boolean;
}

/** Sends one event until it is accepted, signed each time only with the newest secret. */
async function sendUntilTaken(uri: string, isValid: (secret: string) => boolean): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  const [id, body] = [`msg_${randomUUID()}`, bodyOf('batch.failed', { id: `batch_${randomUUID()}` })];
  while (attempts.length < ATTEMPTS) {
    const secret = gemini.secrets.at(-1)!;
    const { status } = await post(uri, withHmac(secret, body, { id }));
    attempts.push({ status, isValid: isValid(secret) });
    if (status === 202) return attempts;
    await pause(RETRY_AFTER_MS);
  }
  return attempts;
}

describe.each(DURABLE_PLACES)(`two processes that receive ${RATE} deliveries per second, with $name`, ({ make }) => {
  beforeEach(() => open(make));

  it.each(['after24h', 'now'] as const)('lose no delivery during a rotation %p', async (revokePrevious) => {
    const fleet = await startFleet(2);
    const [{ webhook }] = await Promise.all([fleet[0]!.sync(NAME, EVENTS), fleet[1]!.sync(NAME, EVENTS)]);
    gemini.sayAfterMs = UNKNOWN_FOR_MS;
    const isValid = (secret: string) => revokePrevious === 'after24h' || secret === gemini.secrets.at(-1);

    const sent: Promise<readonly Attempt[]>[] = [];
    const send = () => void sent.push(sendUntilTaken(fleet[sent.length % fleet.length]!.uri, isValid));
    const ticker = setInterval(() => {
      for (let count = 0; count < RATE / BATCHES_A_SECOND; count += 1) send();
    }, 1_000 / BATCHES_A_SECOND);
    await until(() => sent.length >= RATE * SECONDS_BEFORE);
    await fleet[0]!.rotate(webhook.id, revokePrevious);
    const atRotation = sent.length;
    await until(() => sent.length >= atRotation + RATE * SECONDS_AFTER);
    clearInterval(ticker);
    const outcomes = await Promise.all(sent);

    const attempts = outcomes.flat();
    const putOff = attempts.filter(({ status }) => status === 503).length;
    const again = outcomes.filter(({ length }) => length > 1).length;
    process.stdout.write(
      `${revokePrevious}: ${outcomes.length} deliveries, ${again} sent again, ${putOff} answers 503, ${attempts.length - putOff - outcomes.length} others\n`,
    );
    expect(outcomes.filter((delivery) => delivery.at(-1)?.status !== 202)).toEqual([]);
    expect(attempts.filter((one) => one.isValid && one.status !== 202 && one.status !== 503)).toEqual([]);
    expect(putOff).toBeGreaterThan(0);
    await until(() => journal.counts('done', 'steady').size === outcomes.length, { withinMs: 60_000, everyMs: 250 });
    expect([...journal.counts('done', 'steady').values()].filter((count) => count !== 1)).toEqual([]);
    expect(journal.uncaught()).toEqual([]);
  });
});
