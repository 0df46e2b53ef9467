import { describe, expect, it } from '@jest/globals';
import { GeminiFailedEvents, type FailedEventStore } from '../../../lib/inbox/failed-events.js';
import { refusalOf } from '../../support/verifying.js';

const METHODS = ['list', 'get', 'replay', 'replayAll', 'discard'] as const;

describe('GeminiFailedEvents', () => {
  it.each<[(typeof METHODS)[number], unknown[], unknown[]]>([
    ['list', [{ type: 'batch.failed', limit: 5 }], [{ type: 'batch.failed', limit: 5 }]],
    ['list', [], [{}]],
    ['get', ['e1'], ['e1']],
    ['replay', ['e1', { from: 'start' }], ['e1', { from: 'start' }]],
    ['replay', ['e1', { from: 'failed' }], ['e1', { from: 'failed' }]],
    ['replay', ['e1'], ['e1', {}]],
    ['replayAll', [{ from: 'start' }], [{ from: 'start' }]],
    ['replayAll', [], [{}]],
    ['discard', ['e1'], ['e1']],
  ])('passes %s(%j) to the store of the inbox', async (method, given, received) => {
    const calls: unknown[][] = [];
    const call = (...args: unknown[]) => {
      calls.push(args);
      return 'result';
    };
    const store = Object.fromEntries(METHODS.map((name) => [name, call])) as unknown as FailedEventStore;
    const failed = new GeminiFailedEvents(store) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

    expect(await failed[method]!(...given)).toBe('result');
    expect(calls).toEqual([received]);
  });

  it.each(METHODS)('refuses %s on an inbox that stores none', async (method) => {
    const failed = new GeminiFailedEvents(undefined) as unknown as Record<string, () => Promise<unknown>>;

    expect(await refusalOf(() => failed[method]!())).toMatchObject({
      code: 'invalid_argument',
      message:
        'The inline inbox stores no failed events: Gemini keeps them and retries for 24 hours. Use bullmqInbox to store them.',
    });
  });

  it.each<[(typeof METHODS)[number], unknown[], RegExp]>([
    [
      'list',
      [{ typ: 'batch.failed' }],
      /\.list: typ: is not an option\. The options are: type, before, after, offset, limit\./,
    ],
    ['list', [null], /\.list: options: got null/],
    ['replay', ['e1', { form: 'start' }], /\.replay: form: is not an option\. The options are: from\./],
    ['replayAll', [{ befor: new Date() }], /\.replayAll: befor: is not an option/],
    ['replayAll', [{ from: 'strat' }], /\.replayAll: from: give 'failed' or 'start'\./],
  ])('refuses %s(%j), so that nothing else is replayed', async (method, given, message) => {
    const store = {} as FailedEventStore;
    const failed = new GeminiFailedEvents(store) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

    const refusal = await refusalOf(() => failed[method]!(...given));

    expect(refusal).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) as unknown });
  });
});
