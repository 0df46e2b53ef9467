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
  it('prints the environment with which an app reaches it, and then what happens, until it is stopped', async () => {
    const { lines, stop, done, valueOf } = run('--api-key', 'mine', '--fault', 'end:end=failed', '--speed', '1000');
    await until(() => lines.includes('Calls and deliveries follow. Ctrl-C ends it.'));
    const ai = new GoogleGenAI({
      apiKey: valueOf('GEMINI_API_KEY'),
      httpOptions: { baseUrl: valueOf('GOOGLE_GEMINI_BASE_URL'), fetch: (...request) => fetch(...request) },
    });
    const { name = '' } = await ai.batches.create({ model: 'gemini-3-flash', src: [{ contents: 'hello' }] });
    await until(async () => (await ai.batches.get({ name })).state === 'JOB_STATE_FAILED');
    const keys = (await (await fetch(valueOf('GEMINI_WEBHOOK_JWKS_URL'))).json()) as { keys: object[] };

    expect(lines).toContain(`call batches.create ${name} 200`);
    expect(lines).toContain('call jwks 200');
    expect(keys.keys).toHaveLength(5);

    stop.resolve();
    await done;
    await expect(fetch(valueOf('GEMINI_WEBHOOK_JWKS_URL'))).rejects.toThrow('fetch failed');
  });

  it.each([
    [['--fault', 'explode'], 'is no fault'],
    [['--speed', 'fast'], 'Give a number'],
    [['--speed', '0'], 'speed'],
    [['--fault', 'lose:times=0'], 'times'],
    [['--signature', 'v1'], 'Allowed choices'],
  ])('ends with an error for %j', async (given, why) => {
    await expect(run(...given).done).rejects.toThrow(why);
  });
});
