import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EVENTS, webhooksOf } from '../support/endpoints.js';
import { post } from '../support/http.js';
import { bodyOf, withHmac } from '../support/senders.js';
import { times } from './support/counts.js';
import { WatchedGemini } from './support/endpoints-gemini.js';
import { PLACES, type EndpointsPlace } from './support/endpoints-places.js';
import { EndpointsProcess, killEndpointsProcesses, type EndpointsConfig } from './support/endpoints-process.js';
import { Journal } from './support/journal.js';
import { each } from './support/load.js';

jest.setTimeout(300_000);

/** How many processes start at the same time. */
const AT_ONCE = 4;

/** Steps of a sync that creates a webhook, with and without a lock. */
const SYNC = {
  locked: ['list', 'create', 'save what was created', 'save the secret', 'forget what was created'],
  unlocked: ['list', 'create', 'save what was created', 'list', 'save the secret', 'forget what was created', 'list'],
};

const ROTATION = ['get', 'record the rotation', 'rotateSigningSecret', 'save the secret', 'forget the rotation'];

/** Where SIGKILL ends a process: after this number of steps, the last of which is `step`. */
interface Cut {
  readonly doing: 'sync' | 'after24h' | 'now';
  readonly step: string;
  readonly count: number;
}

/** Every step with `CHAOS=full`; otherwise only those after which just Gemini or just one store has the change. */
const cutsOf = (doing: Cut['doing'], steps: readonly string[]): Cut[] =>
  steps.map((step, index) => ({ doing, step, count: index + 1 })).slice(times(1, 0), times(-1, steps.length));

const nameOf = ({ doing, count }: Cut) => `${doing}-${count}`;

describe.each(PLACES)('processes killed by SIGKILL, with $name', ({ make }) => {
  let place: EndpointsPlace;
  let gemini: WatchedGemini;
  let journal: Journal;
  let config: EndpointsConfig;

  beforeEach(async () => {
    [place, gemini, journal] = [await make(), await WatchedGemini.start(), new Journal()];
    const { inbox, secrets } = place;
    config = { journal, gemini: { apiKey: gemini.apiKey, baseUrl: gemini.baseUrl }, inbox, secrets };
  });

  afterEach(async () => {
    await killEndpointsProcesses();
    await gemini.close();
    await place.remove();
    journal.remove();
  });

  /** Lets a process sync or rotate until it is killed. */
  const kill = async (cut: Cut, id: string | undefined) => {
    const killed = await EndpointsProcess.start({ ...config, dieAfterStep: cut.count });
    const work =
      id === undefined ? killed.sync(nameOf(cut), EVENTS) : killed.rotate(id, cut.doing === 'now' ? 'now' : 'after24h');
    await expect(work).rejects.toThrow('SIGKILL');
    expect(journal.entries('done').findLast(({ pid }) => pid === killed.pid)).toMatchObject({ id: cut.step });
  };

  /** Webhooks of each name, and the response of a process to a delivery signed with the newest secret. */
  const outcomes = async (cuts: readonly Cut[], { uri }: EndpointsProcess) => {
    const all = await webhooksOf(gemini.simulator);
    return Promise.all(
      cuts.map(async (cut) => {
        const webhooks = all.filter(({ name }) => name === nameOf(cut));
        const delivery = withHmac(gemini.currentOf(webhooks[0]!), bodyOf('batch.failed', { id: crypto.randomUUID() }));
        const { status } = await post(uri, delivery);
        return { ...cut, webhooks: webhooks.length, delivery: [200, 202].includes(status) ? 'taken' : status };
      }),
    );
  };

  it('at any step of a sync or rotation leave one webhook and no secret that is stored nowhere', async () => {
    const survivor = await EndpointsProcess.start(config);
    const syncs = cutsOf('sync', place.inbox ? SYNC.locked : SYNC.unlocked);
    // Before anything is recorded and after everything is saved, both outcomes are the same.
    const rotations = [...cutsOf('after24h', ROTATION), ...cutsOf('now', ROTATION).slice(1, 4)];
    const ids = new Map<Cut, string>();
    for (const cut of rotations) ids.set(cut, (await survivor.sync(nameOf(cut), EVENTS)).webhook.id);

    await each([...syncs, ...rotations], AT_ONCE, (cut) => kill(cut, ids.get(cut)));

    // An unknown secret means 503 rather than 401, so that Gemini delivers again.
    expect(await outcomes(rotations, survivor)).toEqual(
      rotations.map((cut) => ({ ...cut, webhooks: 1, delivery: cut.step === 'rotateSigningSecret' ? 503 : 'taken' })),
    );
    await place.shortenRotations?.();
    const again = await EndpointsProcess.start(config);
    const all = [...syncs, ...rotations];
    await Promise.all(all.map((cut) => again.sync(nameOf(cut), EVENTS)));
    const whole = all.map((cut) => ({ ...cut, webhooks: 1, delivery: 'taken' }));
    expect(await outcomes(all, again)).toEqual(whole);
    expect(await outcomes(rotations, survivor)).toEqual(whole.slice(syncs.length));
    expect(journal.uncaught()).toEqual([]);
  });
});
