import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { WorkflowView } from '../../sample/page/page-api.js';
import { Sample } from '../support/sample.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const PROMPTS = 2_000;
/** One in 50 cannot be answered. */
const FAILED = PROMPTS / 50;
const SCENES = ['dawn', 'noon', 'dusk', 'night'];
const VEO = /:predictLongRunning/;

jest.setTimeout(120_000);

describe.each(STORES)('processes of the sample that are killed by SIGKILL, the inbox on $name', (store) => {
  let sample: Sample;

  beforeEach(async () => {
    sample = await Sample.start(store.name === 'Redis' ? { inboxUrl: store.url } : {});
  });

  afterEach(() => sample.remove());

  const stored = async () => {
    const [row] = await sample.rows<{ count: string }>('SELECT count(*) FROM gemini_sample.batch_results');
    return Number(row!.count);
  };

  it('a worker in the middle of storing a batch: every row once, counted right', async () => {
    await sample.web();
    const worker = await sample.worker();
    // Whoever has stored 500 waits for a lock that the test holds.
    await sample.rows(`
      CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT count(*) FROM gemini_sample.batch_results) >= 500 THEN PERFORM pg_advisory_xact_lock(1); END IF;
        RETURN NULL;
      END $$`);
    await sample.rows(`CREATE TRIGGER wait BEFORE INSERT ON gemini_sample.batch_results
      FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test()`);
    await sample.rows('SELECT pg_advisory_lock(1)');
    const id = await sample.begin('batches', { prompts: PROMPTS });
    await until(async () => (await stored()) === 500);
    await until(
      async () => (await sample.rows(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).length > 0,
    );

    await worker.kill();
    await sample.rows('SELECT pg_advisory_unlock(1)');
    expect(await sample.workflow(id)).toMatchObject({ status: 'running', batch: { good: 490, failed: 10 } });
    await sample.worker({ SAMPLE_PROCESS: 'worker-2' });

    expect(await sample.ended(id)).toMatchObject({
      status: 'succeeded',
      batch: { good: PROMPTS - FAILED, failed: FAILED },
      progress: { done: PROMPTS, total: PROMPTS, unit: 'results' },
    });
    expect(
      await sample.rows(`SELECT count(*)::int, count(DISTINCT key)::int AS keys, count(DISTINCT position)::int AS positions,
        count(error)::int AS errors, max(position) FROM gemini_sample.batch_results`),
    ).toEqual([{ count: PROMPTS, keys: PROMPTS, positions: PROMPTS, errors: FAILED, max: PROMPTS - 1 }]);
    expect(sample.gemini.countOf('batches.create')).toBe(1);
  });

  it('a worker that is about to ask for the next clip: each scene once, in order, and the whole film', async () => {
    await sample.web();
    const worker = await sample.worker();
    const reached = sample.relay.holdCall(VEO, 2);
    const id = await sample.begin('films', { scenes: SCENES });
    await reached;
    await worker.kill();
    await sample.worker({ SAMPLE_PROCESS: 'worker-2' });

    const { timeline } = await expectWholeFilm(id);
    const sent = timeline.filter(({ kind }) => kind === 'sent').map(({ text }) => text);
    expect(sent).toEqual(['scene 1', 'scene 2', 'scene 3', 'scene 4']);
    expect(sample.gemini.countOf('models.generateVideos')).toBe(SCENES.length);
  });

  it('a worker that has asked for the next clip and does not know it: the film is whole all the same', async () => {
    await sample.web();
    const worker = await sample.worker();
    const reached = sample.relay.holdAnswer(VEO, 2);
    const id = await sample.begin('films', { scenes: SCENES });
    await reached;
    await worker.kill();
    await sample.worker({ SAMPLE_PROCESS: 'worker-2' });

    await expectWholeFilm(id);
  });

  it('a web process before it has asked Gemini for anything: a worker does', async () => {
    const web = await sample.web();
    const reached = sample.relay.holdCall(/upload/);
    const id = await sample.begin('batches', { prompts: 100 });
    await reached;
    await web.kill();
    expect(sample.gemini.countOf('batches.create')).toBe(0);

    await sample.web();
    await sample.worker();

    expect(await sample.ended(id)).toMatchObject({ status: 'succeeded', batch: { good: 98, failed: 2 } });
    expect(sample.gemini.countOf('batches.create')).toBe(1);
  });

  it('a web process between the start of a batch and its record: the batch is found, and no second one is paid for', async () => {
    const web = await sample.web();
    const reached = sample.relay.holdAnswer(/:batchGenerateContent/);
    const id = await sample.begin('batches', { prompts: 100 });
    await reached;
    await web.kill();

    await sample.web();
    await sample.worker();

    expect(await sample.ended(id)).toMatchObject({ status: 'succeeded', batch: { good: 98, failed: 2 } });
    expect(sample.gemini.countOf('batches.create')).toBe(1);
  });

  async function expectWholeFilm(id: string): Promise<WorkflowView> {
    const film = await sample.ended(id);
    expect(film.failure).toBeNull();
    expect(film).toMatchObject({
      status: 'succeeded',
      progress: { done: 29, total: 29, unit: 'seconds' },
      film: {
        seconds: 29,
        video: `/api/films/${id}/video`,
        scenes: SCENES.map((prompt) => ({ prompt, status: 'done', softened: false })),
      },
    });
    // What was downloaded is what Gemini made of all four.
    const [{ clip } = { clip: '' }] = await sample.rows<{ clip: string }>(
      'SELECT clip FROM gemini_sample.scenes WHERE workflow = $1 AND position = 3',
      [id],
    );
    const { response } = (await (
      await fetch(`${sample.gemini.baseUrl}/v1beta/${clip}`, { headers: { 'x-goog-api-key': sample.gemini.apiKey } })
    ).json()) as { response: { generateVideoResponse: { generatedSamples: { video: { uri: string } }[] } } };
    const { uri } = response.generateVideoResponse.generatedSamples[0]!.video;
    const file = sample.gemini.files.list().find(({ name }) => uri.includes(name));
    expect(file?.seconds).toBe(29);
    return film;
  }
});
