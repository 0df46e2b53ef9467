import { describe, expect, it } from '@jest/globals';
import type { RawGeminiEvent } from '../../../lib/events/parse-event.js';
import { userMetadataField, userMetadataOf, withoutUserMetadataField } from '../../../lib/events/user-metadata.js';

const type = 'ping';
const PLACES: [string, (metadata: unknown) => RawGeminiEvent][] = [
  ['user_metadata', (user_metadata) => ({ type, user_metadata })],
  ['userMetadata', (userMetadata) => ({ type, userMetadata })],
  ['data.user_metadata', (user_metadata) => ({ type, data: { user_metadata } })],
  ['data.userMetadata', (userMetadata) => ({ type, data: { userMetadata } })],
];

describe.each(PLACES)('metadata in %s', (_, at) => {
  it('is found', () => {
    expect(userMetadataOf(at({ order: 7 }))).toEqual({ order: 7 });
    expect(userMetadataField(at({ order: 7 }), 'order')).toEqual([7]);
  });

  it('loses only the removed field', () => {
    expect(withoutUserMetadataField(at({ order: 7, token: 't' }), 'token')).toEqual(at({ order: 7 }));
  });

  it.each(['text', 7, null, true, ['a']])('is ignored if it is %j', (metadata) => {
    expect(userMetadataOf(at(metadata))).toEqual({});
    expect(userMetadataField(at(metadata), 'length')).toEqual([]);
    expect(withoutUserMetadataField(at(metadata), 'length')).toEqual(at(metadata));
  });

  it('has no inherited fields', () => {
    expect(userMetadataField(at({}), 'constructor')).toEqual([]);
    expect(userMetadataField(at({}), '__proto__')).toEqual([]);
  });
});

describe('metadata', () => {
  it('is {} if the event has none', () => {
    expect(userMetadataOf({ type })).toEqual({});
    expect(userMetadataOf({ type, data: 'text' })).toEqual({});
  });

  it('comes from the first place that has an object', () => {
    expect(
      userMetadataOf({ type, user_metadata: 'x', userMetadata: { a: 1 }, data: { user_metadata: { a: 2 } } }),
    ).toEqual({
      a: 1,
    });
  });

  it('loses a field in all places', () => {
    const metadata = { token: 't', a: 1 };
    const other = { token: 'not metadata' };
    const event = { type, other, user_metadata: metadata, data: { id: '1', userMetadata: metadata } };

    expect(withoutUserMetadataField(event, 'token')).toEqual({
      type,
      other,
      user_metadata: { a: 1 },
      data: { id: '1', userMetadata: { a: 1 } },
    });
    expect(metadata).toEqual({ token: 't', a: 1 });
  });

  it('has no value for a field that a custom strategy left undefined', () => {
    expect(userMetadataField({ type, user_metadata: { token: undefined } }, 'token')).toStrictEqual([]);
  });

  it('does not change an event without the field', () => {
    const event = { type, user_metadata: { a: 1 }, token: 'not metadata' };

    expect(withoutUserMetadataField(event, 'token')).toBe(event);
  });
});
