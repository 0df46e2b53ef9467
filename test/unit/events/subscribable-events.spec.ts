import { describe, expect, it } from '@jest/globals';
import { subscribableEvents } from '../../../lib/index.js';

describe('subscribableEvents', () => {
  it.each([
    ['text with commas', 'batch.succeeded,batch.failed'],
    ['text with commas and blanks', ' batch.succeeded , batch.failed'],
    ['a list', ['batch.succeeded', 'batch.failed']],
    ['old names, each event once', 'batch.completed,batch.succeeded,batch.failed'],
  ])('reads %s', (_what, names) => {
    expect(subscribableEvents(names)).toEqual(['batch.succeeded', 'batch.failed']);
  });

  it.each([
    ['nothing', '', 'got ""'],
    ['an empty list', [], 'got no list of events'],
    ['an unknown name', 'batch.succeeded,batch.done', 'got "batch.done", which Gemini does not send'],
    ['a misspelled name', 'batch.succeded', 'which Gemini does not send. Did you mean "batch.succeeded"?'],
    ['a misspelled name of an event that cannot be subscribed to', 'batch.canceled', 'does not send. The events are'],
    ['a pattern', 'batch.*', 'got "batch.*"'],
    ['something else than a name', [7 as never], 'got 7, which Gemini does not send. The events are'],
    ['an event that cannot be subscribed to', 'batch.cancelled', 'cannot be subscribed to'],
    ['a comma too many', 'batch.succeeded,', 'got ""'],
  ])('rejects %s and lists the valid events', (_what, names, message) => {
    expect(() => subscribableEvents(names)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringMatching(/The events are: batch\.succeeded, /),
      }) as unknown as Error,
    );
    expect(() => subscribableEvents(names)).toThrow(message);
    expect(() => subscribableEvents(names)).not.toThrow(/The events are: .*(batch\.cancelled|video\.failed)/);
  });
});
