import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../lib/testing/index.js';
import { ownDatabase } from '../docs/support/own-database.js';
import { codeBlocksOf } from '../support/code-blocks.js';
import { Command, killCommands } from '../support/command.js';
import { until } from '../support/until.js';
import { COMMAND_TIMEOUT_MS, SampleCommand } from './support/sample-command.js';

jest.setTimeout(COMMAND_TIMEOUT_MS);

/** The question that a person answers with y or n. */
const APPROVAL = /approve.*\?/i;
const DATA = join(import.meta.dirname, '..', '..', 'sample', '.data');

let gemini: GeminiSimulator;
let run: string;
let cleanups: (() => Promise<unknown>)[];

beforeEach(async () => {
  run = `run-${randomUUID()}`;
  cleanups = [];
  gemini = await simulator();
});

afterEach(async () => {
  killCommands();
  await SampleCommand.endAll();
  for (const cleanup of cleanups) await cleanup();
  for (const file of await filesOf(run)) await rm(file);
});

async function simulator(options: GeminiSimulatorOptions = {}): Promise<GeminiSimulator> {
  const durations = { batch: 200, video: 200, interaction: 200 };
  const started = await GeminiSimulator.start({ durations, videoEvent: 'video.generated', ...options });
  cleanups.push(() => started.close());
  return started;
}

async function database(): Promise<string> {
  const { url, remove } = await ownDatabase();
  cleanups.push(remove);
  return url;
}

async function filesOf(name: string): Promise<string[]> {
  const files = await readdir(DATA, { recursive: true }).catch(() => []);
  return files.filter((file) => file.includes(name)).map((file) => join(DATA, file));
}

describe('npm run sample -- batch', () => {
  it('starts one batch and logs its answers', async () => {
    const sample = await SampleCommand.start('batch', { gemini, run });

    await sample.printed(new RegExp(`${run}: 4 \\w+, 0 `));
    expect(sample.output).toMatch(/3: Simulated answer to: .*Nepal/);
    expect(gemini.countOf('batches.create')).toBe(1);
  });

  it('logs how a batch failed', async () => {
    gemini.inject({ fault: 'end', kind: 'batch', end: 'failed' });
    const sample = await SampleCommand.start('batch', { gemini, run });

    await sample.printed(new RegExp(`${run}: batch\\.failed`));
  });

  it('does not upload or start anything again for the same run, on a durable inbox', async () => {
    const env = { GEMINI_WEBHOOK_INBOX_URL: await database() };
    const first = await SampleCommand.start('batch', { gemini, run, env });
    await first.printed(new RegExp(`${run}: 4 `));
    await first.end('SIGKILL');

    const second = await SampleCommand.start('batch', { gemini, run, env });
    await second.printed(new RegExp(`${run} .*batches/`));

    expect(gemini.countOf('files.upload')).toBe(1);
    expect(gemini.countOf('batches.create')).toBe(1);
  });
});

describe('npm run sample -- long-video', () => {
  it('makes a film of 48 s in two files, even if a scene is refused', async () => {
    gemini.inject({ fault: 'end', kind: 'video', end: 'filtered', times: 1 });
    const sample = await SampleCommand.start('long-video', { gemini, run });

    await sample.printed(`${run}: scene 6 of 6`);
    expect(sample.output).toMatch(new RegExp(`${run}: scene 1\\b.*\\bfiltered\\b`));
    expect(gemini.countOf('interactions.create')).toBe(7);
    const [first, second] = (await filesOf(run)).toSorted();
    expect([first, second].map((file) => file?.slice(-6))).toEqual(['-1.mp4', '-2.mp4']);
    expect((await readFile(first!)).subarray(4, 8).toString()).toBe('ftyp');
  });

  it('softens a prompt once if it is refused at the start', async () => {
    const { GeminiWebhooksModule } = await import('nestjs-gemini-webhooks');
    const { FilmService } = await import('../../sample/long-video/film.service.js');
    const imports = [GeminiWebhooksModule.forRoot({ gemini: gemini.clientOptions })];
    const app = await Test.createTestingModule({ imports, providers: [FilmService] }).compile();
    cleanups.push(() => app.close());

    await expect(app.get(FilmService).start(['A fox. [blocked]'], run)).rejects.toMatchObject({ status: 400 });
    expect(gemini.countOf('interactions.create')).toBe(2);
  });

  it('keeps the scenes before one that is refused twice', async () => {
    const sample = await SampleCommand.start('long-video', { gemini, run });
    await sample.printed('scene 2 of 6');
    gemini.inject({ fault: 'end', kind: 'video', end: 'filtered' });

    await sample.printed(/scene \d.*\bfiltered\b/);
    const [, refused] = /scene (\d).*\bfiltered\b/.exec(sample.output)!;
    await until(() => gemini.countOf('files.download') === 1);

    expect(gemini.countOf('interactions.create')).toBe(Number(refused) + 1);
  });

  it('continues after a kill and starts no clip twice, on a durable inbox', async () => {
    gemini = await simulator({ durations: { video: 1500 } });
    const env = { GEMINI_WEBHOOK_INBOX_URL: await database() };
    const killed = await SampleCommand.start('long-video', { gemini, run, env });
    await killed.printed('scene 2 of 6');
    await killed.end('SIGKILL');

    const sample = await SampleCommand.start('long-video', { gemini, run, env });
    await sample.printed('scene 6 of 6');

    expect(gemini.countOf('interactions.create')).toBe(6);
    expect(sample.output).not.toContain('scene 1 of 6');
  });
});

describe('npm run sample -- deep-research', () => {
  it('writes the report after a person approves the plan', async () => {
    const sample = await SampleCommand.start('deep-research', { gemini, run });
    await sample.printed(new RegExp(`${run}.*\\n# Simulated plan`));
    await sample.printed(APPROVAL);
    sample.type('y');

    await sample.printed(new RegExp(`${run}.*\\n# Simulated report`));
    expect(gemini.countOf('interactions.create')).toBe(2);
  });

  it('deletes a plan that is declined', async () => {
    const sample = await SampleCommand.start('deep-research', { gemini, run });
    await sample.printed(APPROVAL);
    sample.type('n');

    await until(() => gemini.countOf('interactions.delete') === 1);
    expect(gemini.countOf('interactions.create')).toBe(1);
  });

  it('asks for the approval again after a restart, on a durable inbox', async () => {
    const env = { GEMINI_WEBHOOK_INBOX_URL: await database() };
    const killed = await SampleCommand.start('deep-research', { gemini, run, env });
    await killed.printed(APPROVAL);
    await killed.end('SIGKILL');

    const sample = await SampleCommand.start('deep-research', { gemini, run, env });
    await sample.printed(APPROVAL);
    sample.type('y');
    await sample.printed('# Simulated report');

    expect(gemini.countOf('interactions.create')).toBe(2);
  });
});

describe('npm run sample -- durable', () => {
  it('stores answers in PostgreSQL that the web process receives and the worker reads', async () => {
    const url = await database();
    const sample = await SampleCommand.start('durable', { gemini, run, env: { DATABASE_URL: url } });
    await sample.printed(new RegExp(`answers .*${run}`));

    const client = new Client(url);
    await client.connect();
    const { rows } = await client.query('SELECT river FROM answers WHERE run = $1 ORDER BY river', [run]);
    await client.end();
    expect(rows).toEqual([{ river: 'Amazon' }, { river: 'Danube' }, { river: 'Nile' }]);
    expect(gemini.deliveries.map(({ status }) => status)).toEqual([202]);
  });

  it('starts its own Gemini and PostgreSQL, and ends with Ctrl+C', async () => {
    const sample = await SampleCommand.start('durable', { run });
    await sample.printed(new RegExp(`answers .*${run}`));

    await sample.end('SIGINT');
    expect(sample.output).not.toContain('Error');
  });
});

describe('npm run sample -- static-webhook', () => {
  it('handles a batch that another program started, signed with the secret of the static webhook', async () => {
    const sample = await SampleCommand.start('static-webhook', { gemini });

    await sample.printed(/batches\/.*\bhmac\b/);
    await sample.printed('Simulated answer to: In one sentence: what is a webhook?');
  });
});

describe('npm run sample', () => {
  it('runs on the simulator of sample/README.md, with the variables that it prints', async () => {
    const block = codeBlocksOf('sample/README.md').find(({ code }) => code.includes('simulate'));
    const [program, ...args] = block!.code.trim().split(' ');
    const command = new Command(program!, [...args, '--port', '0']);
    await command.printed('GEMINI_WEBHOOK_JWKS_URL=');
    const env = Object.fromEntries(
      [...command.stdout.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );

    const sample = await SampleCommand.start('batch', { run, env });

    await sample.printed(new RegExp(`${run}: 4 \\w+, 0 `));
    expect(command.stdout).toMatch(/call batches\.create .* 200/);
  });

  it('lists the samples if the name is unknown', async () => {
    const sample = await SampleCommand.start('batches', {});

    expect(await sample.exitCode).toBe(2);
    for (const name of ['batch', 'long-video', 'deep-research', 'durable', 'static-webhook'])
      expect(sample.output).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
