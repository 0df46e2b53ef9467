import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from '@jest/globals';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../../../lib/testing/index.js';
import { until } from '../../../support/until.js';
import { closeSinks, startSink } from '../../../support/webhook-sink.js';

const MODEL = 'gemini-3.8-flash';
const running: GeminiSimulator[] = [];

async function start(options: GeminiSimulatorOptions = {}) {
  const gemini = await GeminiSimulator.start({ time: 'manual', ...options });
  running.push(gemini);
  const ai = new GoogleGenAI(gemini.clientOptions);
  const create = async (uri: string, userMetadata?: Record<string, unknown>): Promise<string> => {
    const webhookConfig = { uris: [uri], ...(userMetadata && { userMetadata }) };
    return (await ai.batches.create({ model: MODEL, src: [{ contents: 'hi' }], config: { webhookConfig } })).name ?? '';
  };
  return { gemini, ai, create };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((gemini) => gemini.close()));
  await closeSinks();
});

describe('GeminiSimulator', () => {
  it('records calls and deliveries, and logs each as a line without the query', async () => {
    const lines: string[] = [];
    const { gemini, ai, create } = await start({ log: (line) => lines.push(line) });
    const { url } = await startSink();
    const name = await create(`${url}?token=secret`);
    await ai.batches.get({ name });
    await gemini.advance(2000);

    expect(gemini.requests).toMatchObject([
      { operation: 'batches.create', name, status: 200 },
      { operation: 'batches.get', name, status: 200 },
    ]);
    expect([gemini.countOf('batches.get', name), gemini.countOf('batches.get')]).toEqual([1, 1]);
    expect(gemini.deliveries).toEqual([
      {
        id: expect.stringMatching(/^msg_/),
        type: 'batch.succeeded',
        url,
        scheme: 'v1a',
        attempt: 1,
        status: 200,
        at: gemini.now(),
        job: name,
      },
    ]);
    expect(lines).toEqual([
      `call batches.create ${name} 200`,
      `call batches.get ${name} 200`,
      `delivery batch.succeeded ${name} → ${url} v1a 200`,
    ]);
  });

  it('finishes a job on request, only once', async () => {
    const { gemini, ai, create } = await start({ durations: { batch: Infinity } });
    const sink = await startSink();
    const name = await create(sink.url);
    await gemini.advance(365 * 86_400_000);
    const before = (await ai.batches.get({ name })).state;
    gemini.finish(name, 'expired');
    await gemini.idle();

    expect(before).toBe('JOB_STATE_RUNNING');
    expect((await ai.batches.get({ name })).state).toBe('JOB_STATE_EXPIRED');
    await until(() => sink.received.length === 1);
    expect(gemini.deliveries).toMatchObject([{ type: 'batch.expired', job: name }]);
    for (const unknown of [name, 'batches/unknown']) {
      expect(() => gemini.finish(unknown)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    }
  });

  it('runs jobs in real time at the given speed', async () => {
    const { gemini, create } = await start({ time: 'real', speed: 1000, durations: { batch: 60_000 } });
    const sink = await startSink();
    sink.status = 500;
    await create(sink.url);
    await until(() => gemini.deliveries.length === 2);

    const [first, second] = gemini.deliveries;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(10_000);
  });

  it.each([['real', 1] as const, ['manual', -1] as const, ['manual', Infinity] as const])(
    'does not advance %s time by %d',
    async (time, ms) => {
      const { gemini } = await start({ time });

      await expect(gemini.advance(ms)).rejects.toMatchObject({ code: 'invalid_argument' });
    },
  );

  it('sends nothing after close, which can be called twice', async () => {
    const { gemini, create } = await start({ time: 'real', durations: { batch: 1 } });
    const sink = await startSink();
    sink.status = 500;
    await create(sink.url);
    await until(() => sink.received.length === 1);
    await gemini.close();
    await gemini.close();
    const { length } = sink.received;

    await expect(fetch(gemini.jwksUrl)).rejects.toThrow('fetch failed');
    expect(sink.received).toHaveLength(length);
  });

  it('ends hanging requests on close', async () => {
    const { gemini, ai } = await start();
    gemini.inject({ fault: 'api_delay', delayMs: 600_000 });
    const failed = ai.batches.get({ name: 'batches/1' }).catch((error: unknown) => error);
    await gemini.close();

    expect(await failed).toMatchObject({ message: expect.stringContaining('fetch failed') });
  });
});

describe('an API call', () => {
  it('is refused without the API key and with a wrong one', async () => {
    const { gemini } = await start();
    const status = async (headers: Record<string, string>) => {
      const response = await fetch(`${gemini.baseUrl}/v1beta/batches`, { headers });
      return [response.status, ((await response.json()) as { error?: { status: string } }).error?.status];
    };

    expect(await status({})).toEqual([403, 'PERMISSION_DENIED']);
    expect(await status({ 'x-goog-api-key': 'another' })).toEqual([400, 'INVALID_ARGUMENT']);
    expect((await status({ 'x-goog-api-key': gemini.apiKey }))[0]).toBe(200);
    expect((await fetch(`${gemini.baseUrl}/v1beta/batches?key=${gemini.apiKey}`)).status).toBe(200);
  });

  it('returns API_KEY_INVALID for a wrong key', async () => {
    const { gemini } = await start();
    const ai = new GoogleGenAI({ ...gemini.clientOptions, apiKey: 'another' });

    await expect(ai.batches.get({ name: 'batches/1' })).rejects.toThrow('API_KEY_INVALID');
  });

  it.each([
    ['POST', '/v1beta/models/gemini-3.8-flash:batchGenerateContent', '{"batch":', 400],
    ['POST', '/v1beta/models/gemini-3.8-flash:batchGenerateContent', ' '.repeat(21 * 1024 * 1024), 400],
    ['POST', '/v1beta/webhooks/%FF:ping', '{}', 400],
    ['GET', '/v1beta/unheard-of', undefined, 404],
  ])('%s %s is refused if it is invalid', async (method, path, body, status) => {
    const { gemini } = await start();
    const headers = { 'x-goog-api-key': gemini.apiKey };
    const response = await fetch(gemini.baseUrl + path, { method, headers, ...(body !== undefined && { body }) });

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: status, message: expect.any(String) } });
  });

  it('fails by a fault, for its operation and the given number of times', async () => {
    const { gemini, ai, create } = await start();
    const name = await create((await startSink()).url);
    gemini.inject({ fault: 'api_error', status: 429, operation: 'batches.get', retryAfterSeconds: 7, times: 1 });
    const response = await fetch(`${gemini.baseUrl}/v1beta/${name}`, { headers: { 'x-goog-api-key': gemini.apiKey } });

    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED' } });
    expect((await ai.batches.get({ name })).name).toBe(name);
    expect(gemini.requests.map(({ status }) => status)).toEqual([200, 429, 200]);
  });

  it.each([
    [true, 503, 1],
    [true, 0, 1],
    [false, 503, 0],
    [false, 0, 0],
  ])('that fails (afterEffect: %j) with %i leaves %i job', async (afterEffect, status, jobs) => {
    const { gemini, ai } = await start();
    const once = new GoogleGenAI({
      ...gemini.clientOptions,
      httpOptions: { ...gemini.clientOptions.httpOptions, retryOptions: { attempts: 1 } },
    });
    gemini.inject({ fault: 'api_error', status, operation: 'batches.create', afterEffect, times: 1 });

    await expect(once.batches.create({ model: MODEL, src: [{ contents: 'hi' }] })).rejects.toThrow(
      status === 0 ? 'fetch failed' : 'UNAVAILABLE',
    );
    expect((await ai.batches.list()).page).toHaveLength(jobs);
    expect(gemini.requests[0]).toMatchObject({ operation: 'batches.create', status });
  });

  it('has its userMetadata refused the given number of times', async () => {
    const { gemini, create } = await start();
    const { url } = await startSink();
    gemini.inject({ fault: 'refuse_user_metadata', times: 1 });
    await create(url);

    await expect(create(url, { a: 1 })).rejects.toThrow('Unknown name \\"userMetadata\\"');
    await expect(create(url, { a: 1 })).resolves.toMatch(/^batches\//);
  });
});
