import { GoogleGenAI } from '@google/genai';
import { describe, expect, it } from '@jest/globals';
import { simulateCommand } from '../../../lib/cli/simulate.command.js';
import { deferred } from '../../support/deferred.js';
import { until } from '../../support/until.js';

function run(...given: string[]) {
  const lines: string[] = [];
  const stop = deferred();
  const command = simulateCommand({ print: (line) => void lines.push(line), stopped: () => stop.promise });
  command.exitOverride().configureOutput({ writeErr: () => {} });
  const done = command.parseAsync(['--port', '0', ...given], { from: 'user' });
  const valueOf = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return { lines, stop, done, valueOf };
}

describe('simulate', () => {
  it('prints the environment for an app, then the API calls and deliveries, until it is stopped', async () => {
    const { lines, stop, done, valueOf } = run('--api-key', 'mine', '--fault', 'end:end=failed', '--speed', '1000');
    await until(() => valueOf('GEMINI_WEBHOOK_JWKS_URL') !== '');
    const ai = new GoogleGenAI({
      apiKey: valueOf('GEMINI_API_KEY'),
      httpOptions: { baseUrl: valueOf('GOOGLE_GEMINI_BASE_URL'), fetch: (...request) => fetch(...request) },
    });
    const { name = '' } = await ai.batches.create({ model: 'gemini-3.8-flash', src: [{ contents: 'hello' }] });
    await until(async () => (await ai.batches.get({ name })).state === 'JOB_STATE_FAILED');
    const keys = (await (await fetch(valueOf('GEMINI_WEBHOOK_JWKS_URL'))).json()) as { keys: object[] };

    const logged = (...facts: string[]) => lines.some((line) => facts.every((fact) => line.includes(fact)));
    expect(valueOf('GEMINI_API_KEY')).toBe('mine');
    expect(logged('batches.create', name, '200')).toBe(true);
    expect(logged('jwks', '200')).toBe(true);
    expect(keys.keys).toHaveLength(5);

    stop.resolve();
    await done;
    await expect(fetch(valueOf('GEMINI_WEBHOOK_JWKS_URL'))).rejects.toThrow('fetch failed');
  });

  it('serves additional models, and returns and reports videos as configured', async () => {
    const given =
      '--model tuned-one --model tuned-two --speed 1000 --file-processing-seconds 1000000 ' +
      '--video-event both --video-result as_requested --fault not_found:times=1';
    const { lines, stop, done, valueOf } = run(...given.split(' '));
    await until(() => valueOf('GEMINI_WEBHOOK_JWKS_URL') !== '');
    const ai = new GoogleGenAI({
      apiKey: valueOf('GEMINI_API_KEY'),
      httpOptions: { baseUrl: valueOf('GOOGLE_GEMINI_BASE_URL'), fetch: (...request) => fetch(...request) },
    });
    const uris = [`${valueOf('GOOGLE_GEMINI_BASE_URL')}/nowhere`];
    const { id } = await ai.interactions.create({
      model: 'gemini-omni-1.1-flash',
      input: 'a cat',
      background: true,
      webhook_config: { uris },
    });
    await until(() => lines.some((line) => line.includes('video.generated') && line.includes(id)));
    const { name = '' } = await ai.batches.create({ model: 'tuned-two', src: [{ contents: 'hello' }] });

    await expect(ai.batches.get({ name })).rejects.toMatchObject({ status: 404 });
    const video = await ai.interactions.get(id);
    expect(video.output_video?.data).toEqual(expect.any(String));
    for await (const file of await ai.files.list()) expect(file.state).toBe('PROCESSING');
    await expect(ai.batches.create({ model: 'tuned-three', src: [{ contents: 'hello' }] })).rejects.toMatchObject({
      status: 404,
    });

    stop.resolve();
    await done;
  });

  it.each([
    [['--fault', 'explode'], '--fault'],
    [['--speed', 'fast'], '--speed'],
    [['--speed', '0'], 'speed'],
    [['--fault', 'lose:times=0'], 'times'],
    [['--signature', 'v1'], '--signature'],
    [['--video-event', 'video.failed'], '--video-event'],
    [['--video-result', 'file'], '--video-result'],
    [['--file-processing-seconds', '-1'], 'fileProcessingMs'],
    [['--fault', 'not_found:operation=files.get'], 'not_found'],
  ])('ends with an error for %j that names the option', async (given, name) => {
    await expect(run(...given).done).rejects.toThrow(name);
  });
});
