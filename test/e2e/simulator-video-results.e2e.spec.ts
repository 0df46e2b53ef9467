import { afterEach, describe, expect, it } from '@jest/globals';
import { closeSimulated, simulatedGemini, type SimulatedGemini } from '../support/simulated-gemini.js';
import { boxesOf, downloaded, fileIn, finished, start, TWO_DAYS_MS } from '../support/simulated-videos.js';

afterEach(closeSimulated);

describe('the result of a simulated video', () => {
  it.each([
    ['uri', 'inline', 'uri'],
    ['uri', undefined, 'uri'],
    ['data', 'uri', 'data'],
    ['as_requested', 'uri', 'uri'],
    ['as_requested', 'inline', 'data'],
    ['as_requested', undefined, 'data'],
  ] as const)('with videoResult %j, requested as %j, is %j', async (videoResult, delivery, shown) => {
    const simulated = await simulatedGemini({ videoResult });

    const { output_video } = await finished(simulated, {
      response_format: { type: 'video', ...(delivery && { delivery }) },
    });

    expect(output_video?.mime_type).toBe('video/mp4');
    expect(Object.keys(output_video ?? {})).toContain(shown);
    expect(Object.keys(output_video ?? {})).not.toContain(shown === 'uri' ? 'data' : 'uri');
  });

  it('has the configured size, inline and as a file', async () => {
    const videoBytes = 3 * 1024 * 1024 + 1;
    const simulated = await simulatedGemini({ videoResult: 'data', videoBytes });
    const { gemini, ai } = simulated;

    const done = await finished(simulated, {});
    const inline = Buffer.from(done.output_video?.data ?? '', 'base64');
    const [file] = gemini.files.list();

    expect(inline).toHaveLength(videoBytes);
    expect(boxesOf(inline)).toEqual(['ftyp', 'moov', 'mdat']);
    expect((await downloaded(ai, file?.name ?? '')).equals(inline)).toBe(true);
    expect(gemini.countOf('interactions.get', done.id)).toBe(1);
  });

  it('cannot be downloaded while PROCESSING, and then becomes ACTIVE', async () => {
    const simulated = await simulatedGemini({ fileProcessingMs: 5000 });
    const { gemini, ai } = simulated;
    const name = fileIn(await finished(simulated, {}));

    expect((await ai.files.get({ name })).state).toBe('PROCESSING');
    await expect(rawDownload(simulated, name)).resolves.toMatchObject({
      status: 400,
      error: { status: 'FAILED_PRECONDITION', message: expect.stringContaining('not in an ACTIVE state') },
    });
    await gemini.advance(5000);
    expect((await ai.files.get({ name })).state).toBe('ACTIVE');
    expect(await rawDownload(simulated, name)).toMatchObject({ status: 200 });
  });

  it('expires after 48 hours', async () => {
    const simulated = await simulatedGemini();
    const name = fileIn(await finished(simulated, {}));

    await simulated.gemini.advance(TWO_DAYS_MS);

    expect(await rawDownload(simulated, name)).toMatchObject({ status: 403, error: { status: 'PERMISSION_DENIED' } });
  });
});

describe('a simulated video without a result', () => {
  it('because its prompt is blocked is refused at the start', async () => {
    const { ai } = await simulatedGemini();

    await expect(start(ai, { input: 'something [blocked]' })).rejects.toMatchObject({
      status: 400,
      error: { error: { code: 'content_blocked' } },
    });
  });

  it('because it is refused completes with text and without a video', async () => {
    const done = await finished(await simulatedGemini(), { input: 'something [refused]' });

    expect(done).toMatchObject({ status: 'completed', output_text: expect.stringContaining('cannot make this video') });
    expect(done.output_video).toBeUndefined();
    expect(done.steps?.map(({ type }) => type)).toEqual(['user_input', 'thought', 'model_output']);
  });

  it('because it failed reports why', async () => {
    const done = await finished(await simulatedGemini(), { input: 'something [fail]' });

    expect(done).toMatchObject({ status: 'failed', errors: [{ code: 'internal', message: expect.any(String) }] });
    expect(done.output_video).toBeUndefined();
  });

  it.each([
    ['filtered', 'completed'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['incomplete', 'incomplete'],
    ['budget_exceeded', 'budget_exceeded'],
  ] as const)('because a fault ends it as %s is %s', async (end, status) => {
    const simulated = await simulatedGemini();
    simulated.gemini.inject({ fault: 'end', end, kind: 'video' });

    expect(await finished(simulated, {})).toMatchObject({ status });
    expect(simulated.gemini.files.list()).toEqual([]);
  });

  it('cannot be expired or paused for a tool', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await start(ai, {});

    for (const end of ['expired', 'requires_action'] as const) {
      expect(() => gemini.finish(id, end)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    }
  });
});

describe('the end of a simulated video', () => {
  it.each([
    ['none', 'succeeded', []],
    ['none', 'failed', []],
    ['none', 'filtered', []],
    ['interaction.completed', 'succeeded', ['interaction.completed']],
    ['interaction.completed', 'filtered', ['interaction.completed']],
    ['interaction.completed', 'failed', ['interaction.failed']],
    ['interaction.completed', 'cancelled', ['interaction.cancelled']],
    ['interaction.completed', 'incomplete', []],
    ['video.generated', 'succeeded', ['video.generated']],
    ['video.generated', 'filtered', []],
    ['video.generated', 'failed', ['interaction.failed']],
    ['both', 'succeeded', ['interaction.completed', 'video.generated']],
    ['both', 'filtered', ['interaction.completed']],
    ['both', 'failed', ['interaction.failed']],
  ] as const)('with videoEvent %j, %s, is announced as %j', async (videoEvent, end, types) => {
    const { gemini, ai, uris, events } = await simulatedGemini({ videoEvent });
    const { id } = await start(ai, { webhook_config: { uris, user_metadata: { scene: 1 } } });

    gemini.finish(id, end);
    await gemini.advance(10_000);

    const error = end === 'failed' ? { error_code: 'internal', error_message: expect.any(String) } : {};
    const name = fileIn(await ai.interactions.get(id));
    const video = { output_file_uri: expect.stringContaining(`${name}:download?alt=media`), file_name: name };
    expect(events).toEqual(
      types.map((type) =>
        expect.objectContaining({
          type,
          data: { id, ...error, ...(type === 'video.generated' && video) },
          user_metadata: { scene: 1 },
        }),
      ),
    );
    expect(gemini.deliveries.map(({ job }) => job)).toEqual(types.map(() => id));
  });

  it('is announced to a static webhook that is subscribed', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini({ videoEvent: 'both' });
    await ai.webhooks.create({ uri: uris[0] ?? '', subscribed_events: ['video.generated'] });

    const { id } = await start(ai, {});
    await gemini.advance(2000);

    expect(events).toEqual([expect.objectContaining({ type: 'video.generated' })]);
    expect(gemini.deliveries).toMatchObject([{ job: id, scheme: 'v1' }]);
  });

  it('is lost or late by faults for videos, which do not affect other interactions', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini({ videoEvent: 'interaction.completed' });
    gemini.inject({ fault: 'lose', kind: 'video' });
    const webhook_config = { uris };

    await start(ai, { webhook_config });
    const { id } = await start(ai, { model: 'gemini-3.8-flash', webhook_config });
    await gemini.advance(2000);

    expect(events).toMatchObject([{ type: 'interaction.completed', data: { id } }]);
  });

  it('arrives after the duration of videos', async () => {
    const { gemini, ai } = await simulatedGemini({ durations: { video: 60_000, interaction: 10 } });
    const { id } = await start(ai, {});

    await gemini.advance(59_000);
    const before = await ai.interactions.get(id);
    await gemini.advance(1000);

    expect([before.status, (await ai.interactions.get(id)).status]).toEqual(['in_progress', 'completed']);
  });
});

async function rawDownload({ gemini }: SimulatedGemini, name: string) {
  const response = await fetch(`${gemini.baseUrl}/v1/${name}:download?alt=media`, {
    headers: { 'x-goog-api-key': gemini.apiKey },
  });
  if (response.ok) return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  return { status: response.status, ...((await response.json()) as { error: object }) };
}
