import type { Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GeminiJobs, GeminiWebhooksModule, type FilmScene, type GeminiEvent, type GeminiJob } from '../../lib/index.js';
import { setEnvironment } from '../support/environment.js';
import { boxesOf } from '../support/simulated-videos.js';
import { until } from '../support/until.js';
import { closeExamples, environmentOf, quickGemini, startExampleApp, versionCalled } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const page = new ExamplePage('docs/jobs.md');
const home = process.cwd();
let folder: string;
let log: jest.SpiedFunction<typeof console.log>;
let error: jest.SpiedFunction<typeof console.error>;

beforeEach(() => {
  setEnvironment();
  folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  process.chdir(folder);
  log = jest.spyOn(console, 'log').mockReturnValue();
  error = jest.spyOn(console, 'error').mockReturnValue();
  // The SDK calls embeddings experimental.
  jest.spyOn(console, 'warn').mockReturnValue();
});

afterEach(async () => {
  await closeExamples();
  jest.restoreAllMocks();
  setEnvironment();
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

describe('docs/jobs.md', () => {
  page.example('Jobs', 'prints the answer to the question of a batch', async (example) => {
    const { Answers } = await example.run<{ Answers: Type<{ ask(question: string): Promise<GeminiJob<'batch'>> }> }>();
    const { app } = await startExampleApp(await quickGemini(), [Answers]);

    await app.get(Answers).ask('How deep is the sea?');
    await until(() => log.mock.calls.length === 1);

    expect(log.mock.calls).toEqual([[expect.stringMatching(/./)]]);
  });

  page.example(
    'Jobs',
    'saves the video under the name of its order, and reports one that Gemini refused',
    async (example) => {
      const { Clips } = await example.run<{
        Clips: Type<{ start(orderId: string, prompt: string): Promise<string> }>;
      }>();
      const gemini = await quickGemini();
      const { app } = await startExampleApp(gemini, [Clips]);
      const clips = app.get(Clips);

      const id = await clips.start('42', 'A lighthouse before dawn.');
      const again = await clips.start('42', 'A lighthouse before dawn.');
      await clips.start('43', '[refused] A lighthouse before dawn.');
      await until(() => readdirSync(folder).includes('42.mp4') && error.mock.calls.length === 1);

      expect(again).toBe(id);
      expect(await app.get(GeminiJobs).waitFor(id)).toMatchObject({ type: 'video.generated' });
      expect(boxesOf(readFileSync(join(folder, '42.mp4')))).toContain('moov');
      expect(error.mock.calls).toEqual([['43', 'filtered', expect.any(String)]]);
      expect(gemini.countOf('interactions.create')).toBe(2);
    },
    { nth: 2 },
  );

  page.example('A large batch', 'streams the requests in and each result out with its key', async (example) => {
    interface Summaries {
      submit(articles: AsyncIterable<{ id: string; text: string }>): Promise<GeminiJob<'batch'>>;
    }
    const { Summaries } = await example.run<{ Summaries: Type<Summaries> }>();
    const { app } = await startExampleApp(await quickGemini(), [Summaries]);
    async function* articles() {
      yield { id: 'fox', text: 'A fox crossed a river.' };
      yield { id: 'bear', text: '[fail] A bear slept.' };
    }

    const job = await app.get(Summaries).submit(articles());
    await job.completed();
    await until(() => log.mock.calls.length + error.mock.calls.length === 2);

    expect(log.mock.calls).toEqual([['fox', expect.stringMatching(/./)]]);
    expect(error.mock.calls).toEqual([['bear', expect.stringMatching(/./)]]);
  });

  page.example('A batch of embeddings', 'prints the length of each vector by its index', async (example) => {
    const { embed, store } = await example.run<{
      embed(jobs: GeminiJobs, texts: string[]): Promise<GeminiJob<'batch'>>;
      store(jobs: GeminiJobs, event: GeminiEvent): Promise<void>;
    }>();
    const { app } = await startExampleApp(await quickGemini(), []);
    const jobs = app.get(GeminiJobs);

    const job = await embed(jobs, ['a fox', 'a bear']);
    await store(jobs, await job.completed());

    const lengths = log.mock.calls.toSorted(([a], [b]) => Number(a) - Number(b));
    expect(lengths).toEqual([
      [0, expect.any(Number)],
      [1, expect.any(Number)],
    ]);
    expect(error).not.toHaveBeenCalled();
  });

  page.example(
    'A long video',
    'creates one file per chain, and starts nothing again after a crash',
    async (example) => {
      const { Films } = await example.run<{
        Films: Type<{ make(film: string, scenes: FilmScene[], references: object[]): Promise<string[]> }>;
      }>();
      const gemini = await quickGemini();
      const { app } = await startExampleApp(gemini, [Films]);
      const scenes = Array.from({ length: 6 }, (_, index) => ({ prompt: `Scene ${index}.`, seconds: 10 }));
      const references = [{ type: 'image', mime_type: 'image/png', data: Buffer.from('a fox').toString('base64') }];

      const files = await app.get(Films).make('film-42', scenes, references);
      const started = gemini.countOf('interactions.create');
      const again = await app.get(Films).make('film-42', scenes, references);

      expect(files).toEqual(['film-42-1.mp4', 'film-42-2.mp4']);
      for (const file of files) expect(boxesOf(readFileSync(join(folder, file)))).toContain('moov');
      expect(started).toBe(6);
      expect(again).toEqual(files);
      expect(gemini.countOf('interactions.create')).toBe(6);
    },
  );

  page.example(
    'A long video',
    'joins the files of the film by name',
    async (example) => {
      for (const file of ['film-42-1.mp4', 'film-42-2.mp4']) writeFileSync(join(folder, file), '');
      const commands = await typedCommands(example.text(), { folder });

      const inputs = commands.map(({ args }) => args[args.indexOf('-i') + 1]!);
      expect(commands.map(({ args }) => args.at(-1))).toEqual(['last-frame.png', 'film-42.mp4']);
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(inputs));
      expect(readFileSync(join(folder, 'chains.txt'), 'utf8')).toBe("file 'film-42-1.mp4'\nfile 'film-42-2.mp4'\n");
    },
    { language: 'sh' },
  );

  page.example('Deep research', 'prints the plan, and the report after a person approves it', async (example) => {
    interface Research {
      plan(id: string, question: string): Promise<GeminiJob>;
      approve(id: string, planned: string): Promise<GeminiJob>;
    }
    const gemini = await quickGemini();
    setEnvironment(environmentOf(gemini));
    const { Research } = await example.run<{ Research: Type<Research> }>();
    const { app } = await startExampleApp(gemini, [Research]);
    const research = app.get(Research);

    await research.plan('r1', 'How deep is the sea?');
    await until(() => log.mock.calls.length === 1);
    const [title, planned, plan] = log.mock.calls[0]!;
    await research.approve('r1', String(planned));
    await until(() => log.mock.calls.length === 2);

    expect([title, plan]).toEqual(['Plan to approve:', expect.stringMatching(/./)]);
    expect(log.mock.calls[1]).toEqual(['Report:', expect.stringMatching(/./)]);
    expect(log.mock.calls[1]![1]).not.toBe(plan);
  });

  page.example('API versions', 'calls the pinned version', async (example) => {
    expect(await versionCalled(await example.runForModule())).toBe('v1beta');
    expect(await versionCalled(GeminiWebhooksModule.forRoot())).toBe('v1');
  });

  page.everyExampleIsRun();
});
