import { afterEach, describe, expect, it } from '@jest/globals';
import { GoogleGenAI, JobState } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';
import { until } from '../support/until.js';

const MODEL = 'gemini-3.8-flash';
const folders: string[] = [];

afterEach(async () => {
  await closeSimulated();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe('a simulated batch', () => {
  it('is pending, then runs, and answers inline requests in order', async () => {
    const { gemini, ai } = await simulatedGemini();
    const src = [{ ...asking('one'), metadata: { row: '1' } }, { ...asking('two [fail]') }, { ...asking('three') }];

    const { name = '' } = await ai.batches.create({ model: MODEL, src, config: { displayName: 'numbers' } });
    const pending = await ai.batches.get({ name });
    await gemini.advance(1500);
    const atWork = await ai.batches.get({ name });
    await gemini.advance(500);
    const done = await ai.batches.get({ name });

    expect([pending, atWork, done].map(({ state }) => state)).toEqual([
      JobState.JOB_STATE_PENDING,
      JobState.JOB_STATE_RUNNING,
      JobState.JOB_STATE_SUCCEEDED,
    ]);
    expect(done).toMatchObject({ name, displayName: 'numbers', model: `models/${MODEL}` });
    expect(Date.parse(done.endTime ?? '') - Date.parse(done.createTime ?? '')).toBe(2000);
    const [first, second, third] = done.dest?.inlinedResponses ?? [];
    expect(first?.response?.candidates?.[0]?.content?.parts).toEqual([{ text: 'Simulated answer to: one' }]);
    expect(first?.metadata).toEqual({ row: '1' });
    expect([second?.response, second?.error?.code]).toEqual([undefined, 13]);
    expect(third?.response?.candidates?.[0]?.content?.parts).toEqual([{ text: 'Simulated answer to: three' }]);
  });

  it('answers a file line by line, including keys, failures and invalid lines', async () => {
    const { gemini, ai } = await simulatedGemini();
    const input = [
      JSON.stringify({ key: 'a', request: { contents: [{ parts: [{ text: 'one' }] }] } }),
      JSON.stringify({ key: 'b', request: { contents: [{ parts: [{ text: '[fail]' }] }] } }),
      '{"key": broken',
      JSON.stringify({ key: 'd' }),
      '',
      JSON.stringify({ key: 'e', request: { contents: [{ parts: [{ text: 'two' }] }] } }),
    ];
    const src = await uploaded(ai, input.join('\n'));

    const { name = '' } = await ai.batches.create({ model: MODEL, src });
    gemini.finish(name);
    const done = await ai.batches.get({ name });

    expect(done.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(done.dest?.fileName).toBe(`files/batch-${name.replace('batches/', '')}`);
    const lines = (await downloaded(ai, done.dest?.fileName)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ key: 'a', response: expect.objectContaining({ modelVersion: MODEL }) }),
      { key: 'b', error: expect.objectContaining({ code: 13 }) },
      { error: expect.objectContaining({ code: 3 }) },
      { key: 'd', error: expect.objectContaining({ code: 3 }) },
      expect.objectContaining({ key: 'e' }),
    ]);
  });

  it('answers 20,000 lines', async () => {
    const { gemini, ai } = await simulatedGemini();
    const request = { contents: [{ parts: [{ text: 'x'.repeat(100) }] }] };
    const lines = Array.from({ length: 20_000 }, (_, row) => `${JSON.stringify({ key: String(row), request })}\n`);
    const src = await uploaded(ai, lines.join(''));

    const { name = '' } = await ai.batches.create({ model: MODEL, src });
    await gemini.advance(2000);
    const { dest } = await ai.batches.get({ name });

    const output = (await downloaded(ai, dest?.fileName)).trimEnd().split('\n');
    expect(output).toHaveLength(20_000);
    expect(output.at(-1)).toMatch(/^\{"key":"19999"/);
  });

  it.each([
    ['succeeded', JobState.JOB_STATE_SUCCEEDED],
    ['failed', JobState.JOB_STATE_FAILED],
    ['expired', JobState.JOB_STATE_EXPIRED],
    ['cancelled', JobState.JOB_STATE_CANCELLED],
  ] as const)('that has %s reports and announces it', async (end, state) => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const webhookConfig = { uris, userMetadata: { order: 7 } };

    const { name = '' } = await ai.batches.create({ model: MODEL, src: [asking('one')], config: { webhookConfig } });
    gemini.finish(name, end);
    await until(() => events.length > 0);

    expect((await ai.batches.get({ name })).state).toBe(state);
    const error = end === 'failed' ? { error_code: '13', error_message: expect.any(String) } : {};
    expect(events).toEqual([
      expect.objectContaining({
        type: `batch.${end}`,
        data: { id: name.replace('batches/', ''), ...error },
        user_metadata: { order: 7 },
      }),
    ]);
    expect(() => gemini.finish(name)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it.each([
    ['inline', async () => [{ ...asking('one'), metadata: { row: '1' } }, asking('two')]],
    ['from a file', (ai: GoogleGenAI) => uploaded(ai, ['a', 'b'].map(lineAsking).join('\n'))],
  ] as const)('%s that has partially succeeded reports it, and is announced as batch.succeeded', async (_, source) => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const src = await source(ai);

    const { name = '' } = await ai.batches.create({ model: MODEL, src, config: { webhookConfig: { uris } } });
    gemini.finish(name, 'partially_succeeded');
    await until(() => events.length > 0);
    const done = await ai.batches.get({ name });

    expect(done.state).toBe('BATCH_STATE_PARTIALLY_SUCCEEDED');
    expect(events).toMatchObject([{ type: 'batch.succeeded' }]);
    const answers: readonly object[] =
      done.dest?.inlinedResponses ?? linesOf(await downloaded(ai, done.dest?.fileName));
    expect(answers).toMatchObject([
      { error: { code: 13 }, ...(done.dest?.fileName ? { key: 'a' } : { metadata: { row: '1' } }) },
      { response: expect.anything() },
    ]);
  });

  it('can report any state while it runs, and reports the real one after it has ended', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { name = '' } = await ai.batches.create({ model: MODEL, src: [asking('one')] });
    const state = async () => (await ai.batches.get({ name })).state;

    gemini.setStatus(name, 'BATCH_STATE_PAUSED');
    const paused = await state();
    gemini.setStatus(name, undefined);
    const real = await state();
    gemini.setStatus(name, 'BATCH_STATE_PAUSED');
    await gemini.advance(2000);

    expect([paused, real, await state()]).toEqual(['BATCH_STATE_PAUSED', 'JOB_STATE_PENDING', 'JOB_STATE_SUCCEEDED']);
    for (const unknown of [name, 'batches/unknown']) {
      expect(() => gemini.setStatus(unknown, 'x')).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    }
  });

  it('is not found while a fault hides it', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { name = '' } = await ai.batches.create({ model: MODEL, src: [asking('one')] });
    const other = await ai.batches.create({ model: MODEL, src: [asking('one')] });
    gemini.inject({ fault: 'not_found', operation: 'batches.get', job: name, times: 2 });

    expect((await ai.batches.get({ name: other.name ?? '' })).name).toBe(other.name);
    await expect(ai.batches.get({ name })).rejects.toMatchObject({ status: 404 });
    await expect(ai.batches.get({ name })).rejects.toMatchObject({ status: 404 });
    expect((await ai.batches.get({ name })).name).toBe(name);
  });

  it('announces the output file of a file batch, which can already be read', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const src = await uploaded(ai, JSON.stringify({ key: 'a', request: {} }));

    await ai.batches.create({ model: MODEL, src, config: { webhookConfig: { uris } } });
    await gemini.advance(2000);

    const [event] = events;
    expect(event?.type).toBe('batch.succeeded');
    expect(await downloaded(ai, String(event?.data['output_file_uri']))).toContain('"key":"a"');
  });

  it('fails if its input file is gone', async () => {
    const { gemini, ai } = await simulatedGemini();
    const src = await uploaded(ai, '{}');
    const { name = '' } = await ai.batches.create({ model: MODEL, src });

    await ai.files.delete({ name: src.fileName });
    await gemini.advance(2000);

    expect((await ai.batches.get({ name })).state).toBe(JobState.JOB_STATE_FAILED);
  });

  it.each(['v1beta', 'v1alpha'])('behaves the same under %s as under v1', async (apiVersion) => {
    const { gemini, ai } = await simulatedGemini();
    const httpOptions = { baseUrl: gemini.baseUrl, fetch };
    const other = new GoogleGenAI({ apiKey: gemini.apiKey, apiVersion, httpOptions });

    const { name = '' } = await other.batches.create({ model: MODEL, src: [asking('one')] });

    expect(await other.batches.get({ name })).toEqual(await ai.batches.get({ name }));
    await expect(other.batches.create({ model: 'gemini-unheard-of', src: [asking('one')] })).rejects.toThrow(
      `for API version ${apiVersion}`,
    );
  });

  it('can be cancelled and deleted', async () => {
    const { ai } = await simulatedGemini();
    const { name = '' } = await ai.batches.create({ model: MODEL, src: [asking('one')] });

    await ai.batches.cancel({ name });
    const cancelled = await ai.batches.get({ name });
    await ai.batches.delete({ name });

    expect(cancelled.state).toBe(JobState.JOB_STATE_CANCELLED);
    await expect(ai.batches.get({ name })).rejects.toMatchObject({ name: 'ApiError', status: 404 });
  });

  it('is listed in pages, newest first, while others are started', async () => {
    const { ai } = await simulatedGemini();
    const start = (displayName: string) =>
      ai.batches.create({ model: MODEL, src: [asking('one')], config: { displayName } });
    for (const displayName of ['a', 'b', 'c', 'd', 'e']) await start(displayName);

    const pager = await ai.batches.list({ config: { pageSize: 2 } });
    const firstPage = pager.page.map(({ displayName }) => displayName);
    await start('f');
    const seen: (string | undefined)[] = [];
    for await (const { displayName } of pager) seen.push(displayName);

    expect(firstPage).toEqual(['e', 'd']);
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  it('is refused for a model that Gemini does not have, or that generates no text', async () => {
    const { ai } = await simulatedGemini();
    const create = (model: string) => ai.batches.create({ model, src: [asking('one')] });

    await expect(create('gemini-unheard-of')).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining(
        'models/gemini-unheard-of is not found for API version v1, or is not supported for batchGenerateContent.',
      ),
    });
    await expect(create('gemini-embedding-001')).rejects.toMatchObject({ status: 404 });
  });

  it('is refused without requests, with an unknown file, and with an invalid webhook URI', async () => {
    const { ai } = await simulatedGemini();
    const create = (src: Parameters<typeof ai.batches.create>[0]['src'], uris: string[] = []) =>
      ai.batches.create({ model: MODEL, src, config: { webhookConfig: { uris } } });

    await expect(create([])).rejects.toMatchObject({ status: 400 });
    await expect(create({ fileName: 'files/unknown' })).rejects.toMatchObject({ status: 403 });
    await expect(create([asking('one')], ['not an address'])).rejects.toMatchObject({ status: 400 });
  });
});

function asking(text: string) {
  return { contents: [{ role: 'user', parts: [{ text }] }] };
}

function lineAsking(key: string): string {
  return JSON.stringify({ key, request: asking(key) });
}

function linesOf(text: string): readonly object[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}

async function uploaded(ai: GoogleGenAI, lines: string): Promise<{ fileName: string }> {
  const { name = '' } = await ai.files.upload({ file: new Blob([lines]), config: { mimeType: 'application/jsonl' } });
  return { fileName: name };
}

async function downloaded(ai: GoogleGenAI, file = ''): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-batches-'));
  folders.push(folder);
  await ai.files.download({ file, downloadPath: join(folder, 'output') });
  return readFile(join(folder, 'output'), 'utf8');
}
