import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { SEED } from '../support/seed.js';
import { GoogleKeys, newSecret } from '../support/senders.js';
import { until } from '../support/until.js';
import { AttackedApp, killAttackedApps, type SteadyReport } from './support/attacks/attacked-app.js';
import { Choices, requestBytes, type Attack } from './support/attacks/attack.js';
import { AttackCatalogue } from './support/attacks/catalogue.js';
import { authentic, type Stolen } from './support/attacks/sender.js';
import { answerOn, Wire, type WireAnswer } from './support/attacks/wire.js';
import { times } from './support/counts.js';
import { each } from './support/load.js';

const ATTACKS = times(2_000, 100_000);
const AT_ONCE = 16;
const FEW_ROUNDS = 4;
const ROUNDS = times(FEW_ROUNDS, 20);
const QUIET_MS = times(0, 3_000);
const SLOW_UPLOADS = 20;
const IDLE_CONNECTIONS = 500;
/** For uploads that must be cut off; others may take as long as the machine needs. */
const BODY_TIMEOUT_MS = { short: 1_000, long: 60_000 };

/** Far above what a run leaves behind, and far below what it would if each request left something. */
const FLAT_BYTES = times(8, 16) * 1024 * 1024;

jest.setTimeout(900_000);

const stolen: Stolen = {
  secret: newSecret(),
  google: new GoogleKeys(),
  audience: 'ours',
  issuer: 'https://issuer.example.com/ours',
  bodyLimitBytes: 20_000,
};

/** Refusals in docs/answers.md, as `status code`. */
const DOCUMENTED = new Set(
  [...readFileSync('docs/answers.md', 'utf8').matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm)].map(
    ([, status, code]) => `${status} ${code}`,
  ),
);

/** Returns what is wrong with a response; `undefined` if nothing is. */
function complaint({ answers }: Attack, { status, body }: WireAnswer): string | undefined {
  if (!answers.includes(status)) return `got ${status} ${body}, not ${answers.join(' or ')}`;
  const { code } = (body.startsWith('{') && body.endsWith('}') ? JSON.parse(body) : {}) as { code?: string };
  // Requests that do not reach our route are answered by Node or the framework.
  const isOurs = body.includes('urn:nestjs-gemini-webhooks:');
  if (isOurs && !DOCUMENTED.has(`${status} ${code}`)) return `got ${status} ${code}, which is not documented`;
  return undefined;
}

/** Authentic deliveries without a flood, and during one. */
interface Round {
  readonly quiet: SteadyReport;
  readonly flooded: SteadyReport;
}

/** How much longer authentic deliveries take during a flood, as figures for the log of the nightly run. */
function summaryOf(adapter: string, rounds: readonly Round[]): string {
  const p99s = rounds.map(
    ({ quiet, flooded }) => [percentile(quiet.times, 99), percentile(flooded.times, 99)] as const,
  );
  const ratios = p99s.map(([quiet, flooded]) => flooded / quiet);
  const [quiet, flooded] = [p99s.map(([one]) => one), p99s.map(([, one]) => one)];
  const taken = rounds.reduce((sum, round) => sum + round.flooded.times.length, 0);
  return (
    `${adapter}: p99 of authentic deliveries ${percentile(quiet, 50).toFixed(1)} ms, and ${percentile(flooded, 50).toFixed(1)} ms beside ` +
    `${AT_ONCE} attacks at a time (${ATTACKS} in all, ${taken} deliveries): ${percentile(ratios, 50).toFixed(1)} times as long, medians of ${rounds.length} rounds, target at most 3`
  );
}

function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((rank / 100) * sorted.length) - 1] ?? NaN;
}

describe.each([['Express'], ['Fastify']])('an app on %s that is attacked', (adapter) => {
  let app: AttackedApp;
  let catalogue: AttackCatalogue;

  beforeEach(async () => {
    catalogue = await AttackCatalogue.of(stolen, SEED);
  });

  afterEach(killAttackedApps);

  /** Sends the attacks from one number to another and returns what is wrong with the responses. */
  const flood = async (from: number, to: number) => {
    const complaints: string[] = [];
    const numbers = Array.from({ length: to - from }, (_one, index) => from + index).values();
    await each(Array.from({ length: AT_ONCE }), AT_ONCE, async () => {
      const wire = new Wire(app.port);
      for (const number of numbers) {
        const attack = catalogue.attack(number);
        const answer = await wire.send(attack).catch(String);
        const wrong = typeof answer === 'string' ? answer : answer && complaint(attack, answer);
        if (wrong !== undefined) complaints.push(`attack ${number} (${attack.what}): ${wrong}`);
      }
      wire.close();
    });
    return complaints.slice(0, 20);
  };

  it(`refuses ${ATTACKS} requests, keeps serving authentic ones and keeps nothing (SEED=${SEED})`, async () => {
    app = await AttackedApp.start(adapter, stolen, BODY_TIMEOUT_MS.long);
    const complaints: string[] = [];
    const rounds: Round[] = [];
    let warm = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const quiet = await app.steadily(() => wait(QUIET_MS));
      const flooded = await app.steadily(async () => {
        const [from, to] = [round, round + 1].map((one) => Math.round((one * ATTACKS) / ROUNDS)) as [number, number];
        complaints.push(...(await flood(from, to)));
      });
      rounds.push({ quiet, flooded });
      // The first round fills caches and warms up the compiler.
      if (round === 0) warm = (await app.report()).memory;
    }
    await until(async () => (await app.report()).connections === 0);
    const { runs, faults, memory } = await app.report();
    const steady = rounds.flatMap(({ quiet, flooded }) => [quiet, flooded]);
    if (ROUNDS > FEW_ROUNDS) process.stdout.write(`${summaryOf(adapter, rounds)}\n`);

    expect(complaints).toEqual([]);
    expect(steady.flatMap(({ others }) => others)).toEqual([]);
    expect(runs).toEqual({ steady: steady.reduce((sum, { times: taken }) => sum + taken.length, 0) });
    expect(faults).toEqual([]);

    expect(memory - warm).toBeLessThan(FLAT_BYTES);
  });

  it(`serves authentic deliveries beside ${IDLE_CONNECTIONS} idle connections and ${SLOW_UPLOADS} slow uploads (SEED=${SEED})`, async () => {
    app = await AttackedApp.start(adapter, stolen, BODY_TIMEOUT_MS.short);
    const choices = new Choices(SEED);
    const { headers, body } = authentic(stolen, choices);
    const request = requestBytes(headers, body);
    // Half of them say nothing, the others stop within their headers.
    const idle = Array.from({ length: IDLE_CONNECTIONS }, () => new Wire(app.port));
    const beginnings = idle.map((_wire, index) => request.subarray(0, index % 2 === 0 ? 0 : choices.below(150)));
    const slow = Array.from({ length: SLOW_UPLOADS }, () => new Wire(app.port));
    const { others, times: served } = await app.steadily(async () => {
      await each(idle.entries(), 50, async ([index, wire]) => wire.write(beginnings[index]!));
      const answers = await Promise.all(
        slow.map(async (wire) => {
          const socket = await wire.write(request.subarray(0, request.length - 1 - choices.below(body.length - 1)));
          return answerOn(socket);
        }),
      );
      expect(answers.map(({ status, body: text }) => [status, (JSON.parse(text) as { code: string }).code])).toEqual(
        slow.map(() => [408, 'request_timeout']),
      );
      expect((await app.report()).connections).toBeGreaterThan(IDLE_CONNECTIONS);
    });
    for (const wire of [...idle, ...slow]) wire.close();
    await until(async () => (await app.report()).connections === 0);
    const { runs, faults } = await app.report();

    expect(others).toEqual([]);
    expect(runs).toEqual({ steady: served.length });
    expect(faults).toEqual([]);
  });
});
