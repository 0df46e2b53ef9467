import { afterEach, describe, expect, it } from '@jest/globals';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';
import {
  boxesOf,
  downloaded,
  extended,
  fileIn,
  finished,
  lengthOf,
  start,
  TWO_DAYS_MS,
  withTask,
  type ModelInteraction,
  type VideoFormat,
} from '../support/simulated-videos.js';

const MODEL = 'gemini-omni-1.1-flash';

afterEach(closeSimulated);

describe('a simulated video', () => {
  it('is queued, in progress, completed with a file, and downloaded as an MP4', async () => {
    const { gemini, ai } = await simulatedGemini();

    const started = await start(ai, { input: 'a cat', response_format: { type: 'video', duration: '6s' } });
    await gemini.advance(1000);
    const atWork = await ai.interactions.get(started.id);
    await gemini.advance(1000);
    const done = await ai.interactions.get(started.id);

    expect(started.id).toMatch(/^v1_/);
    expect([started, atWork, done].map(({ status }) => status)).toEqual(['queued', 'in_progress', 'completed']);
    expect(done.steps).toEqual([
      { type: 'user_input', content: [{ type: 'text', text: 'a cat' }] },
      expect.objectContaining({ type: 'thought', signature: expect.any(String) }),
      { type: 'model_output', content: [{ type: 'video', mime_type: 'video/mp4', uri: expect.any(String) }] },
    ]);
    expect(done.output_video?.uri).toMatch(
      /^https:\/\/generativelanguage\.googleapis\.com\/v1beta\/files\/[a-z0-9]+:download\?alt=media$/,
    );
    expect(await ai.files.get({ name: fileIn(done) })).toMatchObject({
      mimeType: 'video/mp4',
      source: 'GENERATED',
      state: 'ACTIVE',
      downloadUri: done.output_video?.uri,
      videoMetadata: { videoDuration: '6s' },
    });
    expect(boxesOf(await downloaded(ai, fileIn(done)))).toEqual(['ftyp', 'moov', 'mdat']);
  });

  it.each([
    ['gemini-omni-1.1-flash', '10s', undefined],
    ['gemini-omni-1.2-flash', '15s', undefined],
    ['gemini-omni-1.1-flash', '3.5s', undefined],
    ['gemini-omni-1.1-flash', undefined, '8s'],
  ])('of %s lasts %s', async (model, duration, shown = duration) => {
    const simulated = await simulatedGemini();

    const done = await finished(simulated, {
      model,
      response_format: [{ type: 'video', ...(duration && { duration }) }],
    });

    expect(await lengthOf(simulated, done)).toBe(shown);
  });

  it('responds at once if it is not in the background', async () => {
    const { ai } = await simulatedGemini({ time: 'real', durations: { video: 1 } });

    const done = await ai.interactions.create({ model: MODEL, input: 'a cat' });

    expect(done).toMatchObject({ status: 'completed', output_video: { uri: expect.any(String) } });
  });

  it.each([
    ['a duration that is a number', { duration: 8 }, 'response_format.duration'],
    ['a duration without its unit', { duration: '8' }, 'response_format.duration'],
    ['a clip of 2 s', { duration: '2s' }, 'response_format.duration'],
    ['a clip of 11 s', { duration: '11s' }, 'response_format.duration'],
    ['an unknown aspect ratio', { aspect_ratio: '1:1' }, 'response_format.aspect_ratio'],
    ['an unknown resolution', { resolution: '480p' }, 'response_format.resolution'],
    ['an unknown delivery', { delivery: 'gcs' }, 'response_format.delivery'],
    ['another type', { type: 'text' }, 'response_format.type'],
  ])('is refused with %s', async (_, format, field) => {
    const { gemini, ai } = await simulatedGemini();
    const response_format = { type: 'video', ...format } as unknown as VideoFormat;

    await expect(start(ai, { response_format })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(field),
      error: { error: { code: 'invalid_request' } },
    });
    expect(gemini.countOf('interactions.create')).toBe(1);
  });

  it('of 16 s is refused by 1.2, and two formats at once by any', async () => {
    const { ai } = await simulatedGemini();
    const model = 'gemini-omni-1.2-flash';

    await expect(start(ai, { model, response_format: { type: 'video', duration: '16s' } })).rejects.toThrow(
      '3s to 15s',
    );
    await expect(start(ai, { response_format: [{ type: 'video' }, { type: 'video' }] })).rejects.toThrow('one format');
  });

  it.each(['text_to_video', 'image_to_video', 'reference_to_video', 'edit', 'upscale'] as const)(
    'accepts the task %s',
    async (task) => {
      const simulated = await simulatedGemini();

      expect((await finished(simulated, withTask(task))).status).toBe('completed');
    },
  );

  it('is refused with an unknown task, and as an extension without a video', async () => {
    const { ai } = await simulatedGemini();

    await expect(start(ai, withTask('dub'))).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('generation_config.video_config.task'),
    });
    await expect(start(ai, withTask('extend'))).rejects.toMatchObject({ status: 400 });
  });

  it('cannot be created by a text model or an agent', async () => {
    const { ai } = await simulatedGemini();
    const response_format = { type: 'video' } as const;
    const agent = 'deep-research-preview-04-2026';

    await expect(start(ai, { model: 'gemini-3.8-flash', response_format })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('response_format'),
    });
    await expect(
      ai.interactions.create({ agent, input: 'cats', background: true, response_format }),
    ).rejects.toMatchObject({ status: 400 });
  });

  it('cannot be created by a batch, generateContent or predictLongRunning', async () => {
    const { gemini, ai } = await simulatedGemini();
    const contents = 'a cat';
    const started = await fetch(`${gemini.baseUrl}/v1beta/models/gemini-omni-1.1-flash:predictLongRunning`, {
      method: 'POST',
      headers: { 'x-goog-api-key': gemini.apiKey },
      body: JSON.stringify({ instances: [{ prompt: 'a cat' }] }),
    });
    const operation = await fetch(`${gemini.baseUrl}/v1/models/gemini-omni-1.1-flash/operations/1`, {
      headers: { 'x-goog-api-key': gemini.apiKey },
    });

    const only = { status: 400, message: expect.stringContaining('only supports Interactions API') };
    await expect(ai.batches.create({ model: MODEL, src: [{ contents }] })).rejects.toMatchObject(only);
    await expect(ai.models.generateContent({ model: MODEL, contents })).rejects.toMatchObject(only);
    expect(await started.json()).toMatchObject({
      error: {
        code: 404,
        message: expect.stringContaining(
          'models/gemini-omni-1.1-flash is not found for API version v1beta, or is not supported for predictLongRunning',
        ),
      },
    });
    expect(operation.status).toBe(404);
  });
});

describe('the extension of a simulated video', () => {
  it('contains the whole film so far, longer with each turn, up to 40 s', async () => {
    const simulated = await simulatedGemini();
    const first = await finished(simulated, {
      response_format: { type: 'video', duration: '10s', aspect_ratio: '9:16', resolution: '1080p' },
    });

    let film = first;
    const lengths = [await lengthOf(simulated, film)];
    for (const duration of ['10s', '8s', undefined, '4s']) {
      film = await extended(simulated, film, { type: 'video', ...(duration && { duration }) });
      lengths.push(await lengthOf(simulated, film));
    }

    expect(lengths).toEqual(['10s', '20s', '28s', '36s', '40s']);
    expect(film.previous_interaction_id).toBeDefined();
    await expect(extended(simulated, film, { type: 'video', duration: '3s' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('response_format.duration: the film would be 43s long'),
    });
  });

  it('is treated as an edit of the same length if its prompt is long or does not ask for more', async () => {
    const simulated = await simulatedGemini();
    const first = await finished(simulated, {});
    const edit = (input: string) => finished(simulated, { previous_interaction_id: first.id, input });

    expect(await lengthOf(simulated, await edit(`Extend this video. ${'It rains. '.repeat(40)}`))).toBe('8s');
    expect(await lengthOf(simulated, await edit('Make the cat blue.'))).toBe('8s');
  });

  it('is refused with a task, with an aspect ratio, while the clip runs, and without a clip', async () => {
    const simulated = await simulatedGemini();
    const { ai } = simulated;
    const running = await start(ai, {});
    const next = (params: Partial<ModelInteraction>, previous_interaction_id = running.id) =>
      start(ai, { input: 'Extend this video.', previous_interaction_id, ...params });

    await expect(next({})).rejects.toMatchObject({ status: 400, message: expect.stringContaining('has not ended') });
    await simulated.gemini.advance(2000);
    await expect(next(withTask('extend'))).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('Only user input is allowed when video task is set.'),
    });
    await expect(next({ response_format: { type: 'video', aspect_ratio: '16:9' } })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('aspect_ratio'),
    });
    await expect(next({}, 'v1_unknown')).rejects.toMatchObject({ status: 400 });
  });

  it('of a refused clip starts a new film', async () => {
    const simulated = await simulatedGemini();
    const refused = await finished(simulated, { input: 'something [refused]' });

    expect(await lengthOf(simulated, await extended(simulated, refused, { type: 'video', duration: '5s' }))).toBe('5s');
  });

  it('of an uploaded video works with the task while its file exists', async () => {
    const simulated = await simulatedGemini();
    const { gemini, ai } = simulated;
    const upload = await ai.files.upload({ file: new Blob(['mine']), config: { mimeType: 'video/mp4' } });
    const params = {
      ...withTask('extend'),
      input: [
        { type: 'video' as const, uri: upload.uri ?? '', mime_type: 'video/mp4' as const },
        { type: 'text' as const, text: 'Extend this video.' },
      ],
    };

    const done = await finished(simulated, params);

    expect(await lengthOf(simulated, done)).toBe('8s');
    expect(done.steps?.[0]).toMatchObject({ type: 'user_input', content: params.input });
    await gemini.advance(TWO_DAYS_MS);
    await expect(start(ai, params)).rejects.toMatchObject({ status: 403 });
  });
});
