import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BatchJob, GoogleGenAI } from '@google/genai';
import type { TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import { NO_RETRIES } from '../../../../lib/jobs/gemini-api.js';
import { searchBatch } from '../../../../lib/jobs/polling/batch-poll.js';
import { interactionId } from '../../../../lib/jobs/polling/interaction-poll.js';
import { pollJob } from '../../../../lib/jobs/polling/poll-job.js';
import { failedVideo } from '../../../../lib/jobs/polling/video-failure.js';
import { FileServer } from '../../../support/file-server.js';
import { newJob } from '../../../support/scripted-gemini.js';

const OPTIONS = { http: { ...NO_RETRIES.http, timeout: 5_000 }, request: NO_RETRIES.request };
const nobody = async () => false;
const NOW = Date.parse('2026-01-22T12:00:00Z');

describe('polling a batch', () => {
  const pollAs = async (batch: Partial<BatchJob>, name = 'batches/1') => {
    const requests: unknown[] = [];
    const get = async (request: unknown) => {
      requests.push(request);
      return batch;
    };
    const state = await pollJob({ batches: { get } } as unknown as GoogleGenAI, newJob({ name }), OPTIONS, nobody);
    return { state, requests };
  };
  const ended = { is: 'ended', name: 'batches/1' };

  it.each([
    ['SUCCEEDED', {}, 'succeeded', 'batch.succeeded', {}],
    ['SUCCEEDED', { dest: { fileName: 'files/a' } }, 'succeeded', 'batch.succeeded', { output_file_uri: 'files/a' }],
    ['PARTIALLY_SUCCEEDED', {}, 'succeeded', 'batch.succeeded', {}],
    ['FAILED', {}, 'failed', 'batch.failed', {}],
    ['FAILED', { error: { code: 3, message: 'no' } }, 'failed', 'batch.failed', { error_code: 3, error_message: 'no' }],
    ['EXPIRED', {}, 'expired', 'batch.expired', {}],
    ['CANCELLED', {}, 'cancelled', 'batch.cancelled', {}],
  ] as const)('finds the end of one that is %s with %j', async (state, fields, outcome, type, data) => {
    for (const prefix of ['JOB_STATE_', 'BATCH_STATE_']) {
      const given = { state: `${prefix}${state}`, ...fields } as unknown as Partial<BatchJob>;
      expect((await pollAs(given)).state).toStrictEqual({
        ...ended,
        outcome,
        event: { type, data: { id: '1', ...data } },
        ...(state === 'FAILED' && { message: 'error' in fields ? fields.error.message : undefined }),
      });
    }
  });

  it.each(['JOB_STATE_RUNNING', 'JOB_STATE_PENDING', 'MY_JOB_STATE_FAILED', 'INVENTED_LATER', undefined])(
    'finds that one is running if its state is %s',
    async (state) => {
      expect((await pollAs({ state } as never)).state).toEqual({ is: 'running' });
    },
  );

  it.each([
    ['1', 'batches/1'],
    ['batches/1', 'batches/1'],
  ])('asks for %s by its full name, once', async (name, asked) => {
    expect((await pollAs({}, name)).requests).toEqual([{ name: asked, config: { httpOptions: OPTIONS.http } }]);
  });
});

describe('polling a batch whose name was never recorded', () => {
  const job = newJob({ displayName: 'mine', createdAt: NOW });
  const batch = (name: string, changes: Partial<BatchJob> = {}): BatchJob => ({
    name,
    displayName: 'mine',
    createTime: new Date(NOW).toISOString(),
    ...changes,
  });

  /** A client whose project has these pages of batches. */
  function clientWith(...pages: BatchJob[][]) {
    const calls: unknown[] = [];
    let read = 1;
    const list = async (request: unknown) => {
      calls.push(request);
      return {
        page: pages[0] ?? [],
        hasNextPage: () => read < pages.length,
        nextPage: async () => {
          calls.push('next');
          return pages[read++];
        },
      };
    };
    return { ai: { batches: { list } } as unknown as GoogleGenAI, calls };
  }
  const found = async (
    pages: BatchJob[][],
    of: TrackedJob = job,
    belongsToOther = nobody as (name: string) => Promise<boolean>,
  ) => {
    const search = await searchBatch(clientWith(...pages).ai, of, OPTIONS.http, belongsToOther);
    return search.is === 'found' ? search.name : undefined;
  };

  it('finds the only one with its display name, on any page', async () => {
    const { ai, calls } = clientWith([batch('batches/a', { displayName: 'other' })], [batch('batches/b')]);

    expect(await searchBatch(ai, job, OPTIONS.http, nobody)).toMatchObject({ is: 'found', name: 'batches/b' });
    expect(calls).toEqual([{ config: { pageSize: 100, httpOptions: OPTIONS.http } }, 'next']);
  });

  it('reads its state', async () => {
    const { ai } = clientWith([batch('batches/b', { state: 'JOB_STATE_EXPIRED' as never })]);

    expect(await pollJob(ai, job, OPTIONS, nobody)).toMatchObject({
      is: 'ended',
      name: 'batches/b',
      outcome: 'expired',
    });
    expect(await pollJob(clientWith().ai, job, OPTIONS, nobody)).toEqual({ is: 'unnamed' });
  });

  it('looks for no owner of a batch without a name', async () => {
    const belongsToOther = async (name: string) => name.startsWith('batches/');
    const { ai } = clientWith([batch(undefined as never)]);

    expect(await pollJob(ai, job, OPTIONS, belongsToOther)).toEqual({ is: 'unnamed' });
  });

  it('finds none of several, unless the others belong to other jobs', async () => {
    const pages = [[batch('batches/a'), batch('batches/b')]];

    expect(await found(pages)).toBeUndefined();
    expect(await found(pages, job, async (name) => name === 'batches/a')).toBe('batches/b');
    expect(await found(pages, job, async () => true)).toBeUndefined();
  });

  it('finds none if the job has no display name, and sends no request', async () => {
    const { ai, calls } = clientWith([batch('batches/a', { displayName: undefined as never })]);

    expect(await searchBatch(ai, newJob(), OPTIONS.http, nobody)).toEqual({ is: 'none' });
    expect(calls).toEqual([]);
  });

  it.each([
    [-60_001, undefined],
    [-60_000, 'batches/a'],
    [5_000, 'batches/a'],
  ])('tolerates clocks that differ by a minute: created %i ms after the job', async (offset, name) => {
    expect(await found([[batch('batches/a', { createTime: new Date(NOW + offset).toISOString() })]])).toBe(name);
  });

  it('accepts one without a time', async () => {
    expect(await found([[batch('batches/a', { createTime: undefined as never })]])).toBe('batches/a');
  });

  it('reads at most 20 pages', async () => {
    const pages = Array.from({ length: 21 }, (): BatchJob[] => []);

    expect(await found([...pages.slice(0, 19), [batch('batches/a')]])).toBe('batches/a');
    expect(await found([...pages.slice(0, 20), [batch('batches/a')]])).toBeUndefined();
  });

  it('says that there is none only if all batches were listed and none of them matches', async () => {
    const search = (...pages: BatchJob[][]) => searchBatch(clientWith(...pages).ai, job, OPTIONS.http, nobody);
    const other = batch('batches/a', { displayName: 'other' });

    expect(await search([other])).toEqual({ is: 'none' });
    expect(await search(...Array.from({ length: 20 }, () => [other]))).toEqual({ is: 'none' });
    expect(await search(...Array.from({ length: 21 }, () => [other]))).toEqual({ is: 'unclear' });
    expect(await search([batch('batches/a'), batch('batches/b')])).toEqual({ is: 'unclear' });
    expect(await search([batch(undefined as never)])).toEqual({ is: 'unclear' });
  });

  it('stops where the newest come first and older ones follow than the job', async () => {
    const at = (ms: number, displayName = 'other') =>
      batch(`batches/${ms}`, { displayName, createTime: new Date(NOW + ms).toISOString() });
    const search = (...pages: BatchJob[][]) => searchBatch(clientWith(...pages).ai, job, OPTIONS.http, nobody);
    const mine = at(-1_000, job.displayName);

    expect(await search([at(0), at(-10_000)], [at(-61_000)], [mine])).toEqual({ is: 'none' });
    expect(await search([at(0), at(-10_000)], [mine])).toMatchObject({ is: 'found' });
    expect(await search([at(-90_000), at(-80_000)], [mine])).toMatchObject({ is: 'found' });
  });
});

describe('polling an interaction', () => {
  const poll = async (interaction: object, name: string | undefined = 'interactions/i1') => {
    const requests: unknown[][] = [];
    const get = async (...request: unknown[]) => {
      requests.push(request);
      return interaction;
    };
    const job = newJob({ kind: 'interaction', ...(name !== undefined && { name }) });
    const ai = { interactions: { get } } as unknown as GoogleGenAI;
    return { state: await pollJob(ai, job, OPTIONS, nobody), requests };
  };

  it.each([
    ['completed', 'succeeded', 'interaction.completed', {}],
    ['requires_action', 'requires_action', 'interaction.requires_action', {}],
    ['failed', 'failed', 'interaction.failed', {}],
    ['cancelled', 'cancelled', 'interaction.cancelled', {}],
    ['incomplete', 'incomplete', 'interaction.incomplete', { reason: 'incomplete' }],
    ['budget_exceeded', 'budget_exceeded', 'interaction.incomplete', { reason: 'budget_exceeded' }],
  ])('finds the end of one that is %s', async (status, outcome, type, data) => {
    const { state, requests } = await poll({ status });

    expect(state).toStrictEqual({
      is: 'ended',
      name: 'interactions/i1',
      outcome,
      event: { type, data: { id: 'i1', ...data } },
      message: undefined,
    });
    expect(requests).toEqual([['i1', null, OPTIONS.request]]);
  });

  it.each(['in_progress', 'invented_later', 'constructor'])('finds that one is running if it is %s', async (status) => {
    expect((await poll({ status })).state).toEqual({ is: 'running' });
  });

  it.each([
    [
      { code: 'quota', message: 'no' },
      { error_code: 'quota', error_message: 'no' },
    ],
    [{ code: 7 }, { error_code: 7 }],
    [{ code: null, message: null }, {}],
  ])('tells why one failed: %j', async (error, data) => {
    const { state } = await poll({ status: 'failed', errors: [error, { message: 'later' }] });

    expect(state).toMatchObject({ message: (error as { message?: unknown }).message });
    expect(state).toHaveProperty('event.data', { id: 'i1', ...data });
  });

  it('tells an error only with a failure', async () => {
    const { state } = await poll({ status: 'cancelled', errors: [{ code: 7, message: 'no' }] });

    expect(state).toMatchObject({ message: 'no', event: { data: { id: 'i1' } } });
    expect(state).not.toHaveProperty('event.data.error_code');
  });

  it('sends no request without a name', async () => {
    const get = () => Promise.reject(new Error('asked'));
    const ai = { interactions: { get } } as unknown as GoogleGenAI;

    expect(await pollJob(ai, newJob({ kind: 'interaction' }), OPTIONS, nobody)).toEqual({ is: 'unnamed' });
    expect(await pollJob(ai, newJob({ kind: 'video' }), OPTIONS, nobody)).toEqual({ is: 'unnamed' });
  });

  it('knows its bare id', () => {
    expect(['i1', 'interactions/i1', 'x/interactions/i1'].map(interactionId)).toEqual([
      'i1',
      'i1',
      'x/interactions/i1',
    ]);
  });
});

describe('the end of a video job without a video', () => {
  it.each([
    ['filtered', 'interaction.completed'],
    ['failed', 'interaction.failed'],
    ['cancelled', 'interaction.cancelled'],
    ['incomplete', 'interaction.incomplete'],
  ] as const)('is %s, which Gemini would send as %s', (reason, announcedAs) => {
    expect(failedVideo('interactions/v1', reason, 'why')).toStrictEqual({
      is: 'ended',
      name: 'interactions/v1',
      outcome: reason,
      event: { type: 'video.failed', data: { id: 'v1', reason, message: 'why' } },
      announcedAs,
      message: 'why',
    });
  });

  it('has at most 2,000 characters of the reason, and none that is empty', () => {
    expect(failedVideo('v1', 'failed', 'x'.repeat(3_000)).message).toHaveLength(2_000);
    for (const reported of ['', undefined]) {
      expect(failedVideo('v1', 'failed', reported)).toStrictEqual({
        ...failedVideo('v1', 'failed', 'x'),
        event: { type: 'video.failed', data: { id: 'v1', reason: 'failed' } },
        message: undefined,
      });
    }
  });
});

describe('polling a video', () => {
  let server: FileServer;
  beforeAll(async () => {
    server = await FileServer.start();
  });
  afterAll(() => server.close());

  const poll = async (interaction: object) => {
    const name = server.serveInteraction({ json: JSON.stringify(interaction), pieceBytes: 10_000 });
    const job = newJob({ kind: 'video', name: `interactions/${name}` });
    return { state: await pollJob(server.client(), job, OPTIONS, nobody), name };
  };
  const withVideo = (fields: object) => ({
    status: 'completed',
    steps: [{ type: 'model_output', content: [{ type: 'video', mime_type: 'video/mp4', ...fields }] }],
  });

  it.each([
    [{ uri: 'https://h/v1beta/files/abc:download?alt=media' }, 'files/abc'],
    [{ uri: 'gs://bucket/video.mp4' }, undefined],
    [{ data: 'AAAA' }, undefined],
  ])('finds the video %j', async (fields: { uri?: string; data?: string }, file) => {
    const { state, name } = await poll(withVideo(fields));

    expect(state).toStrictEqual({
      is: 'ended',
      name: `interactions/${name}`,
      outcome: 'succeeded',
      event: {
        type: 'video.generated',
        data: {
          id: name,
          ...(fields.uri !== undefined && { output_file_uri: fields.uri }),
          ...(file !== undefined && { file_name: file }),
        },
      },
      announcedAs: 'interaction.completed',
    });
  });

  it.each([
    ['completed', 'filtered'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['incomplete', 'incomplete'],
    ['budget_exceeded', 'incomplete'],
  ])('finds that one that is %s without a video ended as %s, with the reported reason', async (status, reason) => {
    const steps = [{ type: 'model_output', content: [{ type: 'text', text: 'I must not.' }] }];

    expect((await poll({ status, steps })).state).toMatchObject({ outcome: reason, message: 'I must not.' });
    expect((await poll({ status, steps, errors: [{ code: 1 }, { message: 'no' }] })).state).toMatchObject({
      outcome: reason,
      message: 'no',
    });
  });

  it('finds that one waits for an action', async () => {
    const { state, name } = await poll({ status: 'requires_action' });

    expect(state).toStrictEqual({
      is: 'ended',
      name: `interactions/${name}`,
      outcome: 'requires_action',
      event: { type: 'interaction.requires_action', data: { id: name } },
    });
  });

  it.each(['in_progress', 'invented_later'])('finds that one is running if it is %s', async (status) => {
    expect((await poll({ status })).state).toEqual({ is: 'running' });
  });

  it('fails if no byte of the answer arrives within the timeout of a request', async () => {
    const name = server.serveInteraction({ answer: () => undefined });
    const options = { ...OPTIONS, http: { ...OPTIONS.http, timeout: 50 } };

    await expect(pollJob(server.client(), newJob({ kind: 'video', name }), options, nobody)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('polling a video by its operation', () => {
  const name = 'models/veo/operations/op1';
  const poll = async (operation: object, of = name) => {
    const asked: unknown[] = [];
    const getVideosOperation = async ({
      operation: request,
      config,
    }: {
      operation: { name: string };
      config: unknown;
    }) => {
      asked.push([request.name, config]);
      return operation;
    };
    const ai = { operations: { getVideosOperation } } as unknown as GoogleGenAI;
    return { state: await pollJob(ai, newJob({ kind: 'video', name: of }), OPTIONS, nobody), asked };
  };
  const videos = (...uris: (string | undefined)[]) => ({
    done: true,
    response: { generatedVideos: uris.map((uri) => (uri === undefined ? {} : { video: { uri } })) },
  });

  it.each([name, 'operations/op1'])('asks for %s', async (of) => {
    const { state, asked } = await poll({}, of);

    expect([state, asked]).toEqual([{ is: 'running' }, [[of, { httpOptions: OPTIONS.http }]]]);
  });

  it.each([
    [videos(undefined, 'https://h/files/abc:download?alt=media'), { file_name: 'files/abc' }],
    [videos('gs://bucket/video.mp4', 'gs://bucket/other.mp4'), {}],
  ])('finds the first video of %j', async (operation, file) => {
    expect((await poll(operation)).state).toStrictEqual({
      is: 'ended',
      name,
      outcome: 'succeeded',
      event: {
        type: 'video.generated',
        data: { id: 'op1', output_file_uri: expect.stringMatching(/^(https|gs):.*(abc|video\.mp4)/), ...file },
      },
    });
  });

  it.each([
    [{ error: { message: 'no' } }, 'failed', 'no'],
    [{ error: { message: 7 } }, 'failed', undefined],
    [{ error: 'no' }, 'failed', undefined],
    [{ response: { raiMediaFilteredCount: 1, raiMediaFilteredReasons: ['a', 'b'] } }, 'filtered', 'a; b'],
    [{ response: { raiMediaFilteredCount: 0, generatedVideos: [{ video: {} }] } }, 'failed', undefined],
    [{ response: { generatedVideos: [{}] } }, 'failed', undefined],
    [{}, 'failed', undefined],
  ])('finds why %j has no video', async (operation, outcome, message) => {
    expect((await poll({ done: true, ...operation })).state).toMatchObject({
      outcome,
      message,
      event: { type: 'video.failed', data: { id: 'op1' } },
    });
  });
});
