import { describe, expect, it } from '@jest/globals';
import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from '../../../lib/events/event-catalogue.js';
import { isGeminiEvent, isPattern, matchesPattern, PATTERNS } from '../../../lib/events/event-pattern.js';
import type { GeminiEvent, GeminiEventPattern } from '../../../lib/events/gemini-event.js';

const TYPES = Object.keys(GEMINI_EVENTS) as GeminiEventType[];
const UNKNOWN = [
  'interaction.paused',
  'interaction.',
  'interaction',
  'batch.*',
  '*',
  '',
  '__proto__',
  'constructor',
  'toString',
];

const matching = (pattern: GeminiEventPattern | GeminiEventPattern[]) =>
  [...TYPES, ...UNKNOWN].filter((type) => matchesPattern(type, pattern));

describe('a pattern', () => {
  it.each<[GeminiEventPattern, string[]]>([
    ['batch.succeeded', ['batch.succeeded']],
    ['batch.completed', ['batch.succeeded']],
    ['interaction.completed', ['interaction.completed']],
    ['batch.*', ['batch.succeeded', 'batch.failed', 'batch.expired', 'batch.cancelled', 'batch.lost']],
    ['video.*', ['video.generated', 'video.failed', 'video.lost']],
    ['interaction.*', TYPES.filter((type) => GEMINI_EVENTS[type].kind === 'interaction')],
    ['*', [...TYPES, ...UNKNOWN]],
  ])('%s matches its types, and only * matches unknown types', (pattern, types) => {
    expect(matching(pattern)).toEqual(types);
  });

  it('may be a list', () => {
    expect(matching(['batch.completed', 'video.*'])).toEqual([
      'batch.succeeded',
      'video.generated',
      'video.failed',
      'video.lost',
    ]);
    expect(matching([])).toEqual([]);
    expect(matching(['*', 'video.*'])).toHaveLength(TYPES.length + UNKNOWN.length);
  });

  it('is one of the types, or a kind with all of its types', () => {
    expect(PATTERNS).toEqual([...TYPES, 'batch.*', 'interaction.*', 'video.*']);
  });

  it.each<[unknown, boolean]>([
    ...TYPES.map((type): [unknown, boolean] => [type, true]),
    ['batch.completed', true],
    ['batch.*', true],
    ['*', true],
    ['batch', false],
    ['batch.', false],
    ['b.*', false],
    ['.*', false],
    ['**', false],
    ['*.*', false],
    ['batch.succeeded.*', false],
    ['Batch.*', false],
    ['', false],
    ['__proto__', false],
    ['constructor.*', false],
    ['toString', false],
    [undefined, false],
    [null, false],
    [['batch.*'], false],
  ])('is recognized: isPattern(%j) is %s', (pattern, is) => {
    expect(isPattern(pattern)).toBe(is);
  });
});

describe('isGeminiEvent', () => {
  const event = { type: 'batch.succeeded', data: { id: 'b1', output_file_uri: 'files/1' } } as unknown as GeminiEvent;

  it('returns true for a matching event and narrows its type', () => {
    expect(isGeminiEvent(event, 'batch.completed') && event.data.output_file_uri).toBe('files/1');
    expect(isGeminiEvent(event, ['video.*', 'batch.*'])).toBe(true);
    expect(isGeminiEvent(event, 'interaction.*')).toBe(false);
  });
});

describe('isGeminiEvent', () => {
  const event = { type: 'batch.succeeded' } as GeminiEvent;

  it.each<[unknown, boolean]>([
    ['batch.succeeded', true],
    [['batch.failed', 'batch.*'], true],
    [['batch.failed'], false],
    [[], false],
    ['no.event', false],
  ])('tells whether an event matches %j', (pattern, matches) => {
    expect(isGeminiEvent(event, pattern as GeminiEventPattern)).toBe(matches);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['batch.succeeded', 'a string'],
    [{}, 'an object'],
    [{ type: 7 }, 'an object'],
  ])('refuses what is not an event: %j', (given, kind) => {
    expect(() => isGeminiEvent(given as never, '*')).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: `isGeminiEvent: got ${kind} that is not an event.`,
      }),
    );
  });

  it.each([
    [null, 'null'],
    [7, 'a number'],
    [['batch.*', undefined], 'undefined'],
    [[null, 'batch.*'], 'null'],
  ])('refuses a pattern that is no text: %j', (given, kind) => {
    expect(() => isGeminiEvent(event, given as never)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: `isGeminiEvent: got ${kind} for a pattern. Give 'batch.succeeded', 'batch.*', '*', or a list of them.`,
      }),
    );
  });
});

describe('the catalogue', () => {
  it('has types that start with their kind', () => {
    expect(TYPES.filter((type) => !type.startsWith(`${GEMINI_EVENTS[type].kind}.`))).toEqual([]);
  });

  it('marks the two types of Gemini that the API does not allow in subscriptions', () => {
    const ofGemini = TYPES.filter((type) => GEMINI_EVENTS[type].origin === 'gemini');

    expect(ofGemini.filter((type) => !GEMINI_EVENTS[type].subscribable)).toEqual([
      'batch.cancelled',
      'interaction.cancelled',
    ]);
  });

  it('marks the types that the module creates itself as not subscribable', () => {
    const ours = TYPES.filter((type) => GEMINI_EVENTS[type].origin === 'module');

    expect(ours).toEqual(['batch.lost', 'interaction.incomplete', 'interaction.lost', 'video.failed', 'video.lost']);
    expect(ours.filter((type) => GEMINI_EVENTS[type].subscribable)).toEqual([]);
  });

  it('resolves every type and older name, and no inherited property', () => {
    expect(TYPES.map(catalogueType)).toEqual(TYPES);
    expect(catalogueType('batch.completed')).toBe('batch.succeeded');
    expect(UNKNOWN.map(catalogueType)).toEqual(UNKNOWN.map(() => undefined));
  });
});
