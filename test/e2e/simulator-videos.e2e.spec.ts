import { afterEach, describe, expect, it } from '@jest/globals';
import { GenerateVideosOperation, type GoogleGenAI, type Video } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSimulated, simulatedGemini, type SimulatedGemini } from '../support/simulated-gemini.js';

const MODEL = 'veo-3.1-generate-preview';

afterEach(closeSimulated);

describe('a simulated video', () => {
  it('is made, announced and downloaded as an MP4', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const config = { webhookConfig: { uris, userMetadata: { scene: 1 } } };

    const started = await ai.models.generateVideos({ model: MODEL, source: { prompt: 'a cat' }, config });
    const before = await ai.operations.getVideosOperation({ operation: started });
    await gemini.advance(2000);
    const done = await ai.operations.getVideosOperation({ operation: started });

    expect(started.name).toMatch(/^models\/veo-3\.1-generate-preview\/operations\/[0-9a-f]+$/);
    expect([before.done, done.done]).toEqual([undefined, true]);
    const video = done.response?.generatedVideos?.[0]?.video;
    const fileName = /files\/[a-z0-9]+/.exec(video?.uri ?? '')?.[0];
    expect(events).toEqual([
      expect.objectContaining({
        type: 'video.generated',
        data: { id: started.name?.split('/').at(-1), output_file_uri: video?.uri, file_name: fileName },
        user_metadata: { scene: 1 },
      }),
    ]);
    expect(await ai.files.get({ name: fileName ?? '' })).toMatchObject({
      mimeType: 'video/mp4',
      source: 'GENERATED',
      downloadUri: video?.uri,
      videoMetadata: { videoDuration: '8s' },
    });
    expect(boxesOf(await downloaded(ai, video))).toEqual(['ftyp', 'moov', 'mdat']);
  });

  it('is extended by 7 s up to 20 times, to 148 s', async () => {
    const simulated = await simulatedGemini({ durations: { video: 10 } });
    let video = await made(simulated, {});

    for (let extension = 1; extension <= 20; extension += 1) video = await made(simulated, { video });

    const name = /files\/[a-z0-9]+/.exec(video.uri ?? '')?.[0] ?? '';
    expect((await simulated.ai.files.get({ name })).videoMetadata).toEqual({ videoDuration: '148s' });
    await expect(made(simulated, { video })).rejects.toMatchObject({
      name: 'ApiError',
      status: 400,
      message: expect.stringContaining('at most 20 times'),
    });
  });

  it.each([
    ['a duration other than 4, 6 or 8 s', { durationSeconds: 5 }],
    ['a short clip in 1080p', { durationSeconds: 4, resolution: '1080p' }],
    ['an unknown resolution', { resolution: '480p' }],
    ['an unknown aspect ratio', { aspectRatio: '1:1' }],
  ])('is refused with %s', async (_, config) => {
    const { ai } = await simulatedGemini();

    const refused = ai.models.generateVideos({ model: MODEL, source: { prompt: 'a cat' }, config });

    await expect(refused).rejects.toMatchObject({
      name: 'ApiError',
      status: 400,
      message: expect.stringContaining('INVALID_ARGUMENT'),
    });
  });

  it('is refused without a prompt, and from a model that makes none', async () => {
    const { ai } = await simulatedGemini();

    await expect(ai.models.generateVideos({ model: MODEL, source: {} })).rejects.toMatchObject({ status: 400 });
    await expect(
      ai.models.generateVideos({ model: 'gemini-3-flash', source: { prompt: 'a cat' } }),
    ).rejects.toMatchObject({ status: 404 });
  });

  it('is not extended when it is not of Veo, not in 720p, not by 8 s, by an older model, or kept no longer', async () => {
    const simulated = await simulatedGemini({ durations: { video: 10 } });
    const { gemini, ai } = simulated;
    const upload = await ai.files.upload({ file: new Blob(['mine']), config: { mimeType: 'video/mp4' } });
    const uploaded: Video = { uri: upload.uri ?? '' };
    const large = await made(simulated, { config: { resolution: '1080p' } });
    const fit = await made(simulated, {});

    await expect(made(simulated, { video: uploaded })).rejects.toMatchObject({ status: 400 });
    await expect(made(simulated, { video: large })).rejects.toMatchObject({ status: 400 });
    await expect(made(simulated, { video: fit, config: { resolution: '1080p' } })).rejects.toMatchObject({
      status: 400,
    });
    await expect(made(simulated, { video: fit, config: { durationSeconds: 6 } })).rejects.toMatchObject({
      status: 400,
    });
    await expect(
      ai.models.generateVideos({ model: 'veo-3.0-generate-001', source: { prompt: 'a cat', video: fit } }),
    ).rejects.toMatchObject({ status: 400 });
    await gemini.advance(48 * 60 * 60 * 1000);
    await expect(made(simulated, { video: fit })).rejects.toMatchObject({ status: 400 });
  });

  it.each([
    ['filtered', { response: { raiMediaFilteredCount: 1, raiMediaFilteredReasons: [expect.any(String)] } }],
    ['failed', { error: { code: 13, message: expect.any(String) } }],
    ['cancelled', { error: { code: 1, message: expect.any(String) } }],
  ] as const)('that was %s says so when asked, and announces nothing', async (end, shown) => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const config = { webhookConfig: { uris } };
    const operation = await ai.models.generateVideos({ model: MODEL, source: { prompt: 'a cat' }, config });

    gemini.finish(operation.name ?? '', end);
    await gemini.advance(10_000);

    expect(await ai.operations.getVideosOperation({ operation })).toMatchObject({ done: true, ...shown });
    expect(events).toEqual([]);
  });

  it('that nobody has started is not found', async () => {
    const { ai } = await simulatedGemini();
    const operation = new GenerateVideosOperation();
    operation.name = `models/${MODEL}/operations/unknown`;

    await expect(ai.operations.getVideosOperation({ operation })).rejects.toMatchObject({ status: 404 });
  });
});

async function made(
  { gemini, ai }: SimulatedGemini,
  { video, config = {} }: { video?: Video; config?: { resolution?: string; durationSeconds?: number } },
): Promise<Video> {
  const source = { prompt: 'a cat', ...(video && { video }) };
  const started = await ai.models.generateVideos({ model: MODEL, source, config });
  await gemini.advance(10);
  const { response } = await ai.operations.getVideosOperation({ operation: started });
  return response?.generatedVideos?.[0]?.video ?? {};
}

async function downloaded(ai: GoogleGenAI, file: Video = {}): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-videos-'));
  try {
    await ai.files.download({ file, downloadPath: join(folder, 'video.mp4') });
    return await readFile(join(folder, 'video.mp4'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The names of an MP4's outermost boxes, whose lengths have to add up to the file's. */
function boxesOf(mp4: Buffer): string[] {
  const names: string[] = [];
  let offset = 0;
  while (offset < mp4.length) {
    names.push(mp4.toString('latin1', offset + 4, offset + 8));
    offset += mp4.readUInt32BE(offset);
  }
  expect(offset).toBe(mp4.length);
  return names.filter((name) => name !== 'free');
}
