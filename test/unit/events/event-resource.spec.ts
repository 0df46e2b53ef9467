import { describe, expect, it } from '@jest/globals';
import type { GeminiEventType } from '../../../lib/events/event-catalogue.js';
import { outputUri, resourceId, resourceOf } from '../../../lib/events/event-resource.js';
import type { GeminiEvent } from '../../../lib/events/gemini-event.js';

describe('resourceOf', () => {
  it.each<[GeminiEventType, string, string, string]>([
    ['batch.succeeded', '123', 'batch', 'batches/123'],
    ['batch.failed', 'batch_123', 'batch', 'batches/123'],
    ['batch.expired', 'batches/123', 'batch', 'batches/123'],
    ['batch.cancelled', 'models/m/batches/1', 'batch', 'models/m/batches/1'],
    ['video.generated', 'op1', 'video', 'op1'],
    ['video.generated', 'models/veo/operations/op1', 'video', 'models/veo/operations/op1'],
    ['interaction.completed', 'v1_abc', 'interaction', 'v1_abc'],
    ['interaction.requires_action', 'interactions/i', 'interaction', 'interactions/i'],
  ])('returns for %s with the id %j the %s %j', (type, id, kind, name) => {
    expect(resourceOf(type, { id })).toEqual({ kind, name });
  });

  it.each([undefined, null, '', 7, {}, ['batches/1']])('returns undefined if data.id is %j', (id) => {
    expect(resourceOf('batch.succeeded', { id })).toBeUndefined();
  });

  it.each(['batch', 'video', 'interaction'])('returns undefined for our own id of a %s job', (kind) => {
    expect(resourceOf('batch.succeeded', { id: `job.${kind}.a-1` })).toBeUndefined();
  });

  it('returns undefined for a type that is not in the catalogue', () => {
    expect(resourceOf(undefined, { id: '123' })).toBeUndefined();
  });
});

describe('resourceId', () => {
  it.each([
    ['123', '123'],
    ['batch_123', '123'],
    ['batches/123', '123'],
    ['models/m/operations/123', '123'],
    ['batches/batch_123', '123'],
    ['my_batch_123', 'my_batch_123'],
    ['batch_batch_1', 'batch_1'],
  ])('turns %j into %j', (name, id) => {
    expect(resourceId(name)).toBe(id);
  });
});

describe('outputUri', () => {
  const uriOf = (data: object) => outputUri({ data: data as GeminiEvent['data'] });

  it.each(['output_file_uri', 'outputFileUri', 'video_uri', 'videoUri'])('reads %s', (field) => {
    expect(uriOf({ id: '1', [field]: 'gs://bucket/results.jsonl' })).toBe('gs://bucket/results.jsonl');
  });

  it('prefers the documented spelling', () => {
    expect(uriOf({ video_uri: 'b', output_file_uri: 'a' })).toBe('a');
  });

  it.each([{}, { output_file_uri: '' }, { output_file_uri: 7 }, { output_file_uri: null, video_uri: {} }])(
    'returns undefined for %j',
    (data) => {
      expect(uriOf(data)).toBeUndefined();
    },
  );

  it('skips a field that is not a string', () => {
    expect(uriOf({ output_file_uri: null, video_uri: 'b' })).toBe('b');
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['batch', 'a string'],
    [{}, 'an object'],
    [{ data: null }, 'an object'],
  ])('refuses what is not an event: %j', (given, kind) => {
    expect(() => outputUri(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: `outputUri: got ${kind} that is not an event.` }),
    );
  });
});
