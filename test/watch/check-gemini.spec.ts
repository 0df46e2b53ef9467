import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '../support/command.js';
import { changesBetween } from './compare.js';
import { factsOf, listedModels } from './typings.js';

const SCRIPT = join(import.meta.dirname, 'main.js');
const SNAPSHOT = join(import.meta.dirname, 'expected.json');

jest.setTimeout(60_000);

describe('check:gemini on the SDK that is installed', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'check-gemini-spec-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const check = (...args: string[]) =>
    new Command(process.execPath, [SCRIPT, '--sdk', 'installed', ...args]).finished();

  it('finds no changes', async () => {
    const { code, stdout } = await check();

    expect(stdout).toMatch(
      /^@google\/genai 3\.\S+ against the snapshot of 3\.\S+: nothing that we depend on has changed/,
    );
    expect(code).toBe(0);
  });

  it('lists each difference from an altered snapshot, and exits with 1', async () => {
    const doctored = JSON.parse(
      readFileSync(SNAPSHOT, 'utf8')
        .replaceAll('"interaction.requires_action"', '"interaction.needs_action"')
        .replace('"/v1/batches/b1"', '"/v2/batches/b1"')
        .replace('"batches.get BATCH_STATE_FAILED": "JOB_STATE_FAILED"', '"batches.get BATCH_STATE_FAILED": "FAILED"'),
    ) as { version: string };
    const file = join(folder, 'doctored.json');
    writeFileSync(file, JSON.stringify({ ...doctored, version: '0.0.0' }));

    const { code, stdout } = await check('--expected', file);

    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/against the snapshot of 0\.0\.0: 4 changed\.$/),
      '  - subscribableEvents: interaction.needs_action is gone',
      '  - subscribableEvents: interaction.requires_action is new',
      '  - requests › batches.get › requests › 0 › path: was "/v2/batches/b1", is "/v1/batches/b1"',
      '  - answers › batches.get BATCH_STATE_FAILED: was "FAILED", is "JOB_STATE_FAILED"',
      expect.stringContaining('--update'),
      '',
    ]);
    expect(code).toBe(1);
  });

  it('writes the committed snapshot', async () => {
    const file = join(folder, 'written.json');

    expect((await check('--update', '--expected', file)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(readFileSync(SNAPSHOT, 'utf8')));
  });

  it('exits with 2 if it cannot compare', async () => {
    const { code, stderr } = await check('--expected', join(folder, 'none.json'));

    expect(stderr).toContain('none.json');
    expect(code).toBe(2);
  });
});

describe('a comparison', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['the same', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['names in another order', { states: ['a', 'b'] }, { states: ['b', 'a'] }, []],
    [
      'a name more and one fewer',
      { states: ['a', 'b'] },
      { states: ['b', 'c'] },
      ['states: a is gone', 'states: c is new'],
    ],
    ['another value', { a: { b: 1 } }, { a: { b: '1' } }, ['a › b: was 1, is "1"']],
    ['a field more', { a: {} }, { a: { b: 1 } }, ['a › b: is new: 1']],
    ['a field fewer', { a: { b: 1 } }, { a: {} }, ['a › b: is gone, was 1']],
    ['a request more', { a: [{ m: 1 }] }, { a: [{ m: 1 }, { m: 2 }] }, ['a › 1: is new: {"m":2}']],
    ['no request any more', { a: [{ m: 1 }] }, { a: [] }, ['a › 0: is gone, was {"m":1}']],
    ['null for an object', { a: { b: 1 } }, { a: null }, ['a: was {"b":1}, is null']],
  ])('of %s reports the differences', (_, expected, actual, changes) => {
    expect(changesBetween(expected, actual)).toEqual(changes);
  });
});

describe('typings', () => {
  const typings = `
    /** Example: model: 'gemini-9-comment' */
declare type WebhookSubscribedEvent_2 =
  | "batch.failed" | "batch.succeeded"
  | (string & {});
declare type Model_7 = "gemini-9-flash" | "gemma-9-it" | (string & {});
declare type Mixed = "gemini-9-mixed" | number;
export declare enum JobState {
    /** It failed. */
    JOB_STATE_FAILED = "JOB_STATE_FAILED",
    JOB_STATE_QUEUED = "JOB_STATE_QUEUED"
}
`;

  it('list events and states, regardless of the number that the bundler gave their types', () => {
    expect(factsOf(typings)).toMatchObject({
      subscribableEvents: ['batch.failed', 'batch.succeeded'],
      batchStates: ['JOB_STATE_FAILED', 'JOB_STATE_QUEUED'],
      interactionStatuses: [],
    });
  });

  it('list models by their types, not by their examples', () => {
    expect([...listedModels(typings)]).toEqual(['gemini-9-flash', 'gemma-9-it']);
  });
});
