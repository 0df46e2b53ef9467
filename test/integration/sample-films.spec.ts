import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { readdirSync } from 'node:fs';
import type { JobEnd } from '../../lib/testing/index.js';
import { Sample, type SampleOptions } from '../support/sample.js';
import { until } from '../support/until.js';

const SCENES = ['dawn', 'noon', 'dusk'];

jest.setTimeout(60_000);

describe("the sample's films", () => {
  let sample: Sample;
  /** How many clips the test has ended. */
  let ended: number;

  const begin = async (options: SampleOptions = {}) => {
    ended = 0;
    // Clips that come to nothing are announced by nobody: they are looked up.
    sample = await Sample.start({ env: { JOBS_RECONCILE_AFTER_MS: '2000' }, ...options });
    await sample.web();
    await sample.worker();
  };

  afterEach(() => sample.remove());

  const notes = async (id: string) =>
    (await sample.workflow(id)).timeline.filter(({ kind }) => kind === 'note').map(({ text }) => text);

  /** Ends the clips that are asked for, one after the other, as they are asked for. */
  const endClips = async (...ends: JobEnd[]) => {
    for (const end of ends) {
      const name = await clip(ended);
      ended += 1;
      sample.gemini.finish(name, end);
    }
  };

  /** Resolves with Gemini's name of a clip once it is asked for. */
  const clip = async (index: number) => {
    const asked = () => sample.gemini.requests.filter(({ operation }) => operation === 'models.generateVideos');
    await until(() => asked().length > index);
    return asked()[index]!.name!;
  };

  it('go on with a softened prompt when a clip was filtered', async () => {
    await begin({ durations: { video: Infinity } });
    const id = await sample.begin('films', { scenes: SCENES });
    await endClips('succeeded', 'filtered', 'succeeded', 'succeeded');

    const film = await sample.ended(id);

    expect(film).toMatchObject({ status: 'succeeded', film: { seconds: 22, video: `/api/films/${id}/video` } });
    expect(film.film!.scenes.map(({ softened }) => softened)).toEqual([false, true, false]);
    expect(await notes(id)).toEqual([
      "Scene 2: Gemini's safety filters took it. Once more, softened.",
      'The film of 22 s is downloaded.',
      'Done.',
    ]);
    const video = await fetch(`${sample.origin}/api/films/${id}/video`, { headers: { range: 'bytes=4-7' } });
    expect(video.status).toBe(206);
    expect(video.headers.get('content-type')).toBe('video/mp4');
    expect(await video.text()).toBe('ftyp');
  });

  it.each([
    ['filtered', "Gemini's safety filters took it"],
    ['failed', 'Gemini could not make it'],
  ] as const)('keep what was made when a clip is %s twice', async (end, reason) => {
    await begin({ durations: { video: Infinity } });
    const id = await sample.begin('films', { scenes: SCENES });
    await endClips('succeeded', 'succeeded', end, end);

    expect(await sample.ended(id)).toMatchObject({
      status: 'failed',
      failure: `Scene 3 came to nothing, softened as well: ${reason}`,
      film: {
        seconds: 15,
        video: `/api/films/${id}/video`,
        scenes: [{ status: 'done' }, { status: 'done' }, { status: 'failed', softened: true }],
      },
    });
    expect((await fetch(`${sample.origin}/api/films/${id}/video`)).status).toBe(200);
    expect(readdirSync(sample.filmsFolder)).toEqual([`${id}.mp4`]);
  });

  it('fail without a video when nothing was made', async () => {
    await begin();
    sample.gemini.inject({ fault: 'end', end: 'filtered', kind: 'video', times: 2 });
    const id = await sample.begin('films', { scenes: ['dawn'] });

    expect(await sample.ended(id)).toMatchObject({ status: 'failed', film: { seconds: 0, video: null } });
    expect((await fetch(`${sample.origin}/api/films/${id}/video`)).status).toBe(404);
  });

  it('are tried again when Gemini is away, and given up when it refuses', async () => {
    await begin();
    sample.gemini.inject({ fault: 'api_error', status: 503, operation: 'models.generateVideos', times: 1 });
    const later = await sample.begin('films', { scenes: ['dawn'] });
    expect(await sample.ended(later)).toMatchObject({ status: 'succeeded' });

    sample.gemini.inject({ fault: 'api_error', status: 400, operation: 'models.generateVideos', times: 2 });
    const never = await sample.begin('films', { scenes: ['dawn'] });
    expect(await sample.ended(never)).toMatchObject({
      status: 'failed',
      failure: 'Scene 1 came to nothing, softened as well: Gemini refused it: A fault of the simulator.',
    });
  });

  it('get each clip once, though its events come twice, forged, from another project, or not at all', async () => {
    await begin({ durations: { video: Infinity }, env: { JOBS_RECONCILE_AFTER_MS: '5000' } });
    sample.gemini.inject({ fault: 'duplicate', times: 1 });
    sample.gemini.inject({ fault: 'forge', times: 1 });
    sample.gemini.inject({ fault: 'foreign', times: 1 });
    const id = await sample.begin('films', { scenes: SCENES });
    await endClips('succeeded', 'succeeded');
    await clip(2);
    sample.gemini.inject({ fault: 'lose', times: 1 });
    await endClips('succeeded');

    const film = await sample.ended(id);

    expect(film).toMatchObject({ status: 'succeeded', film: { seconds: 22 } });
    expect(sample.gemini.countOf('models.generateVideos')).toBe(SCENES.length);
    const schemes = film.timeline.filter(({ kind }) => kind === 'event').map(({ scheme }) => scheme);
    expect(schemes).toHaveLength(SCENES.length);
    expect(new Set(schemes)).toEqual(new Set(['reconciled', 'v1a']));
    const { deliveries } = await sample.state();
    const seen = deliveries.map(({ outcome, code, event }) => [outcome, code, event].join(' '));
    expect(new Set(seen)).toEqual(
      new Set([
        'accepted  video.generated',
        'duplicate  video.generated',
        'refused signature_mismatch ',
        'refused unbound_delivery ',
      ]),
    );
  });
});
