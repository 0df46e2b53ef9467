import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { drained, openQueue } from '../support/queues.js';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { until } from '../support/until.js';
import { Balancer } from './support/balancer.js';
import { FaultyLine } from './support/faulty-line.js';
import { Fleet } from './support/fleet.js';
import { Journal } from './support/journal.js';
import { OWN_STORES } from './support/own-stores.js';
import { frozen, killed, terminated } from './support/process-faults.js';
import { killSoakProcesses, SoakProcess, type Usage } from './support/soak-process.js';
import { cut, restarted, stalled } from './support/store-faults.js';

/** Two hours before a release, and some seconds on one store otherwise. `SOAK_STORE` names another store. */
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 0.2);
const FAULT_EVERY_MS = MINUTES < 10 ? 1_000 : 60_000;
const ROTATION_EVERY_MS = MINUTES < 10 ? 5_000 : 600_000;
const EVENT_EVERY_MS = 100;
const VIDEO_EVERY_MS = 2_000;
/** The simulator's clock is faster than the machine's, so that it retries deliveries after half a second. */
const SPEED = 20;
const PROCESSES = 3;
/** In the order in which they happen, over and over. A process is frozen for longer than the locks of its events. */
const FAULTS = [killed, cut(3_000), terminated, stalled(4_000), restarted(1_000), frozen(5_000)];

const stores = OWN_STORES.filter(({ name }) => name === (process.env['SOAK_STORE'] ?? 'PostgreSQL'));

jest.setTimeout((MINUTES + 5) * 60_000);

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  await killSoakProcesses();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

describe.each(stores)(`${PROCESSES} processes with an own $name`, ({ name, make }) => {
  it(`lose no event and leak nothing in ${MINUTES} minutes of faults and rotations`, async () => {
    const store = await make();
    cleanUps.push(() => store.remove());
    await store.start();
    const line = new FaultyLine(store.url);
    const url = await line.start();
    cleanUps.push(() => line.stop());
    const gemini = await GeminiSimulator.start({ speed: SPEED });
    cleanUps.push(() => gemini.close());
    const balancer = await Balancer.start();
    cleanUps.push(() => balancer.close());
    const journal = new Journal();
    cleanUps.push(() => journal.remove());
    const queueName = `soak-${randomUUID()}`;
    const fleet = await Fleet.start(
      () =>
        SoakProcess.start({
          journal: journal.file,
          gemini: { apiKey: gemini.apiKey, baseUrl: gemini.baseUrl, jwksUrl: gemini.jwksUrl },
          publicUrl: balancer.url,
          inbox: { url, queueName, lockDurationMs: 3_000, concurrency: 4 },
          reconcile: { afterMs: 1_000, maxIntervalMs: 5_000 },
        }),
      balancer,
      PROCESSES,
    );

    const startedAt = performance.now();
    const isOver = () => performance.now() - startedAt > MINUTES * 60_000;
    const batches: string[] = [];
    const videos = new Set<string>();
    const happened = new Map<string, number>();
    const usages: Usage[] = [await fleet.veteran.usage()];
    const ai = new GoogleGenAI(gemini.clientOptions);
    const count = (what: string) => happened.set(what, (happened.get(what) ?? 0) + 1);
    const every = async (ms: number, act: (turn: number) => Promise<unknown>) => {
      for (let turn = 0; !isOver(); turn += 1) {
        const next = pause(ms);
        await act(turn);
        await next;
      }
    };

    await Promise.all([
      every(EVENT_EVERY_MS, async () => {
        const { name: batch = '' } = await ai.batches.create({
          model: 'gemini-3.8-flash',
          src: [{ contents: 'hello' }],
        });
        batches.push(batch);
      }),
      every(VIDEO_EVERY_MS, async (turn) => {
        const start = () => fleet.at(turn).startVideo(`video-${turn}`);
        // A process that is killed while it starts one does not answer: another asks again with the key.
        await until(
          () =>
            start().then(
              (id) => Boolean(videos.add(id)),
              () => false,
            ),
          { withinMs: 120_000, everyMs: 500 },
        );
      }),
      every(FAULT_EVERY_MS, async (turn) => {
        const fault = FAULTS[turn % FAULTS.length]!;
        await fault.happen({ fleet, line, store }, turn);
        count(fault.name);
        await until(() =>
          fleet.veteran.usage().then(
            (usage) => Boolean(usages.push(usage)),
            () => false,
          ),
        );
      }),
      every(ROTATION_EVERY_MS, async (turn) => {
        const revokePrevious = turn % 2 === 0 ? 'after24h' : 'now';
        await until(
          () =>
            fleet.veteran.rotate(revokePrevious).then(
              () => true,
              () => false,
            ),
          { withinMs: 120_000, everyMs: 500 },
        );
        count(`rotation, ${revokePrevious}`);
      }),
    ]);

    const expected = new Set([...batches, ...videos]);
    const runs = () => journal.counts('done', 'steady');
    const areHandled = () => {
      const handled = runs();
      return [...expected].every((id) => handled.has(id));
    };
    await until(areHandled, { withinMs: 180_000, everyMs: 500 }).catch(() => undefined);
    const queue = openQueue(store.url, queueName);
    cleanUps.push(() => queue.close());
    await drained(queue);
    usages.push(await fleet.veteran.usage());

    const counts = runs();
    const again = [...counts.values()].filter((times) => times > 1).length;
    const middle = usages[Math.floor(usages.length / 4)]!;
    const last = usages.at(-1)!;
    const shown = ({ rss, heapUsed, files, listeners }: Usage) =>
      `RSS ${mb(rss)} MB, heap ${mb(heapUsed)} MB, ${files} files, ${listeners} listeners`;
    const text = [
      `${name}, ${MINUTES} minutes, ${PROCESSES} processes: ${batches.length} batches, ${videos.size} videos`,
      `faults: ${[...happened].map(([what, times]) => `${times} × ${what}`).join(', ')}`,
      `lost ${[...expected].filter((id) => !counts.has(id)).length}, run again ${again}`,
      `of the process that was never restarted, after a quarter: ${shown(middle)}, at the end: ${shown(last)}`,
    ];
    process.stdout.write(`${text.join('\n')}\n`);

    expect([...expected].filter((id) => !counts.has(id))).toEqual([]);
    expect(await queue.getJobCounts('failed')).toEqual({ failed: 0 });
    expect(journal.uncaught()).toEqual([]);
    expect(last.listeners).toBeLessThanOrEqual(middle.listeners);
  });
});

function mb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
