import { describe, expect, it } from '@jest/globals';
import { suggestedEvent } from '../../../lib/events/suggested-event.js';

describe('suggestedEvent', () => {
  it.each([
    ['batch.succeded', ' Did you mean "batch.succeeded"?'],
    ['batch.completed', ' Did you mean "batch.succeeded"?'],
    ['batch.complete', ' Did you mean "batch.succeeded"?'],
    ['Batch.Completed', ' Did you mean "batch.succeeded"?'],
    ['interaction.complete', ' Did you mean "interaction.completed"?'],
    ['audio.generated', ''],
    [7, ''],
  ])('suggests the current name for a misspelled or an old one: %j', (given, suggestion) => {
    expect(suggestedEvent(given)).toBe(suggestion);
  });

  it('suggests only valid names', () => {
    expect(suggestedEvent('batch.complete', ['batch.failed', 'batch.*'])).toBe('');
  });
});
