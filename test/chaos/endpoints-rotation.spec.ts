import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { GoogleGenAI } from '@google/genai';
import { randomUUID } from 'node:crypto';
import { closeApps } from '../support/apps.js';
import { EVENTS, isCurrentKept, MemoryStore, NAME, startEndpointApp, webhooksOf } from '../support/endpoints.js';
import { post } from '../support/http.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { bodyOf, headers, hmacEntry, seconds } from '../support/senders.js';
import { until } from '../support/until.js';
import { times } from './support/counts.js';

jest.setTimeout(120_000);

afterEach(async () => {
  await closeApps();
  await closeSimulators();
});

const RATE = times(50, 200);
const SECONDS_BEFORE = 1;
const SECONDS_AFTER = times(2, 4);
const RETRY_AFTER_MS = 500;
const ATTEMPTS = 60;

/** Secrets that Gemini signs with at a given time: a new one from its creation on, even if no process has it yet. */
interface Gemini {
  valid: readonly string[];
}

/** Sends one event until it is accepted, with a new signature each time, as Gemini does. */
async function sendUntilTaken(uri: string, gemini: Gemini): Promise<readonly number[]> {
  const statuses: number[] = [];
  const [id, body] = [`msg_${randomUUID()}`, bodyOf('batch.failed', { id: `batch_${randomUUID()}` })];
  while (statuses.length < ATTEMPTS) {
    const date = new Date();
    // Only the newest, so that a receiver with just the old one does not pass.
    const signature = hmacEntry(gemini.valid[0]!, id, seconds(date), body);
    const { status } = await post(uri, { headers: headers(id, date, signature), body });
    statuses.push(status);
    if (status === 200) return statuses;
    await pause(RETRY_AFTER_MS);
  }
  return statuses;
}

describe.each([
  ['after24h', 0],
  ['now', 0],
  ['after24h', 1_500],
  ['now', 1_500],
] as const)('a rotation %p, with a store that takes %p ms to save', (revokePrevious, saveMs) => {
  it(`loses none of ${RATE} deliveries per second to two processes and refuses none permanently`, async () => {
    const simulator = await startGemini({ time: 'real' });
    const store = new MemoryStore();
    const endpoint = { name: NAME, events: EVENTS };
    const apps = [
      await startEndpointApp(simulator, { jwks: false, endpoint: { ...endpoint, secretStore: store } }),
      await startEndpointApp(simulator, { jwks: false, endpoint: { ...endpoint, secretStore: store.unwatched() } }),
    ];
    const [{ id } = { id: '' }] = await webhooksOf(simulator);
    const gemini: Gemini = { valid: [(await store.load(NAME))[0]!.value] };
    // Records Gemini's new secret before it is saved anywhere.
    store.onSave = async (name, secrets) => {
      if (name !== NAME) return;
      gemini.valid = [secrets[0]!.value, ...(revokePrevious === 'now' ? [] : gemini.valid)];
      await pause(saveMs);
    };

    const sent: Promise<readonly number[]>[] = [];
    const ticker = setInterval(() => {
      for (let each = 0; each < RATE / 50; each += 1) sent.push(sendUntilTaken(apps[sent.length % 2]!.uri, gemini));
    }, 20);
    await until(() => sent.length >= RATE * SECONDS_BEFORE);
    await apps[0]!.endpoints.rotate(id, { revokePrevious });
    const atRotation = sent.length;
    await until(() => sent.length >= atRotation + RATE * SECONDS_AFTER);
    clearInterval(ticker);
    const outcomes = await Promise.all(sent);

    const answers = new Map<number, number>();
    for (const status of outcomes.flat()) answers.set(status, (answers.get(status) ?? 0) + 1);
    const again = outcomes.filter(({ length }) => length > 1).length;
    const counts = [...answers].map(([status, count]) => `${count} × ${status}`).join(', ');
    process.stdout.write(
      `${revokePrevious}, save ${saveMs} ms: ${outcomes.length} deliveries, ${again} sent again, answers ${counts}\n`,
    );
    expect(outcomes.filter((statuses) => statuses.at(-1) !== 200)).toEqual([]);
    expect([...answers.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(apps[0]!.heard.length + apps[1]!.heard.length).toBe(outcomes.length);
    expect(await isCurrentKept(simulator, store)).toBe(true);
  });
});

describe('rotations in progress', () => {
  it.each([
    { rotations: ['after24h', 'after24h'], refusals: [503] },
    // A delivery signed just before its secret was revoked is invalid, and Gemini signs it again.
    { rotations: ['after24h', 'now', 'now', 'after24h'], refusals: [503, 401] },
  ] as const)('$rotations lose no delivery that the simulator sends', async ({ rotations, refusals }) => {
    const simulator = await startGemini({ time: 'real', speed: 100, durations: { batch: 0 } });
    const store = new MemoryStore();
    const { endpoints, uri, heard } = await startEndpointApp(simulator, { jwks: { url: simulator.jwksUrl } });
    const { webhook } = await endpoints.sync({ name: NAME, uri, events: EVENTS, secretStore: store });
    const ai = new GoogleGenAI(simulator.clientOptions);
    const jobs = 40;

    const created = Promise.all(
      Array.from({ length: jobs }, () =>
        ai.batches.create({ model: 'gemini-3.8-flash', src: [{ contents: 'hello' }] }),
      ),
    );
    for (const revokePrevious of rotations) await endpoints.rotate(webhook.id, { revokePrevious });
    await created;

    await until(() => heard.length === jobs);
    const refused = simulator.deliveries.map(({ status }) => status).filter((status) => status !== 200);
    expect(refused.filter((status) => !(refusals as readonly unknown[]).includes(status))).toEqual([]);
  });
});
