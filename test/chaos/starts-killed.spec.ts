import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { removeTestQueues, testQueue } from '../support/durable.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { times } from './support/counts.js';
import { Journal, type JournalEntry } from './support/journal.js';
import { freePort } from '../support/free-port.js';

const FIXTURE = join('test', 'chaos', 'fixtures', 'film-app.js');
const KILLS = times(4, 20);
const CLIPS = times(6, 12);
/** 40 s of film at 8 s each. */
const CLIPS_IN_CHAIN = 5;

jest.setTimeout(240_000);

describe.each(STORES)(`a film of ${CLIPS} clips whose process is killed ${KILLS} times, on $name`, ({ url }) => {
  let journal: Journal;
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let child: ChildProcess | undefined;

  beforeEach(async () => {
    journal = new Journal();
    gemini = await startGemini({ time: 'real', durations: { video: 50 }, videoEvent: 'interaction.completed' });
  });

  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    await closeSimulators();
    await removeTestQueues();
    journal.remove();
  });

  it('requests each clip once, except where a request was interrupted, and loses none', async () => {
    const { name: queueName } = testQueue(url);
    testQueue(url, `${queueName}-jobs`);
    const { apiKey, baseUrl, jwksUrl } = gemini;
    const config = {
      journal: journal.file,
      gemini: { apiKey, baseUrl, jwksUrl },
      inbox: { url, queueName, lockDurationMs: 1_000 },
      port: await freePort(),
      clips: CLIPS,
      clipsInChain: CLIPS_IN_CHAIN,
    };
    const isFinished = () => journal.entries('finished').length > 0;
    let kills = 0;
    for (let round = 0; kills < KILLS && !isFinished(); round += 1) {
      // Within a request, after its response, before and after a handler: each point in turn.
      const killed = fork(FIXTURE, [JSON.stringify({ ...config, dieAt: 1 + (round % 4) })]);
      child = killed;
      const [, signal] = (await once(killed, 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') kills += 1;
    }
    if (!isFinished()) {
      child = fork(FIXTURE, [JSON.stringify(config)]);
      await until(isFinished, { withinMs: 60_000 });
    }

    const requests = countsOf(journal, 'asked');
    const expected = Array.from({ length: CLIPS }, (_, clip) => String(clip));
    expect([...requests.keys()].toSorted()).toEqual(expected.toSorted());
    // The process that sends a request records the start, unless it is killed in between.
    const cut = cutStarts(journal);
    const extra = [...requests].filter(([clip, count]) => count > 1 + (cut.get(clip) ?? 0));
    process.stdout.write(
      `${url.slice(0, 8)}: ${kills} kills, ${CLIPS} clips, ${gemini.countOf('interactions.create')} requests, ` +
        `${[...cut.values()].reduce((sum, count) => sum + count, 0)} of them cut by a kill\n`,
    );
    expect(extra).toEqual([]);
    expect(journal.uncaught()).toEqual([]);
  });
});

function countsOf(journal: Journal, what: JournalEntry['what']): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { id } of journal.entries(what)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** Number of interrupted requests for each clip: their process was killed before it recorded the start. */
function cutStarts(journal: Journal): Map<string, number> {
  const cut = new Map<string, number>();
  const recorded = new Set(journal.entries('recorded').map(({ pid, id }) => `${pid} ${id}`));
  for (const { pid, id } of journal.entries('asked')) {
    if (!recorded.has(`${pid} ${id}`)) cut.set(id, (cut.get(id) ?? 0) + 1);
  }
  return cut;
}
