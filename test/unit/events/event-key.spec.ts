import { describe, expect, it } from '@jest/globals';
import { GEMINI_EVENTS, type GeminiEventType } from '../../../lib/events/event-catalogue.js';
import { earlierEventKey, eventKey, jobIdInKey, type EventIdentity } from '../../../lib/events/event-key.js';
import { resourceOf } from '../../../lib/events/event-resource.js';

const identity: EventIdentity = {
  registration: 'default',
  params: {},
  type: 'batch.succeeded',
  resource: { kind: 'batch', name: 'batches/123' },
  job: undefined,
  messageId: 'msg_1',
};

const keyOf = (change: Partial<EventIdentity> = {}) => eventKey({ ...identity, ...change });
const keyOfId = (type: GeminiEventType, id: string) => keyOf({ type, resource: resourceOf(type, { id }) });

describe('the event key', () => {
  it.each<[string, Partial<EventIdentity>]>([
    ['default/batch/123/batch.succeeded', {}],
    ['b/batch/123/batch.succeeded', { registration: 'b' }],
    ['default/project=acme/region=eu/batch/123/batch.succeeded', { params: { region: 'eu', project: 'acme' } }],
    ['default/job/batch/j1/batch.succeeded', { job: { kind: 'batch', id: 'j1' } }],
    ['default/message/msg_1', { type: undefined }],
    ['default/message/msg_1', { resource: undefined }],
    ['default/message/msg_1', { type: undefined, job: { kind: 'batch', id: 'j1' } }],
    ['default/job/batch/j1/batch.succeeded', { resource: undefined, job: { kind: 'batch', id: 'j1' } }],
  ])('is always %s, because keys outlive deploys', (key, change) => {
    expect(keyOf(change)).toBe(key);
  });

  it.each<[GeminiEventType, string[]]>([
    ['batch.succeeded', ['123', 'batch_123', 'batches/123', 'batches/batch_123']],
    ['video.generated', ['op9', 'models/veo-3.1/operations/op9', 'operations/op9']],
    ['interaction.completed', ['i1', 'interactions/i1']],
  ])('of %s is the same for all spellings of an id', (type, ids) => {
    expect(new Set(ids.map((id) => keyOfId(type, id))).size).toBe(1);
  });

  it('differs for different ids', () => {
    const ids = ['123', '124', '1234', 'BATCH_123', 'Batch_123', 'batch-123', '123/', '12/3 '];

    expect(new Set(ids.map((id) => keyOfId('batch.succeeded', id))).size).toBe(ids.length);
  });

  it('differs for each type of a batch or an interaction, and for each kind with the same id', () => {
    const types = (Object.keys(GEMINI_EVENTS) as GeminiEventType[]).filter((type) => !type.startsWith('video.'));

    expect(new Set(types.map((type) => keyOfId(type, 'same'))).size).toBe(types.length);
  });

  it.each<[GeminiEventType, GeminiEventType]>([
    ['video.generated', 'interaction.completed'],
    ['video.failed', 'interaction.failed'],
    ['video.lost', 'interaction.lost'],
  ])('of %s is the same as of %s, because an interaction generates the video', (video, interaction) => {
    expect(keyOfId(video, 'v1_same')).toBe(keyOfId(interaction, 'v1_same'));
  });

  it('of a refused video found by polling is the same as of the completion that Gemini would send', () => {
    const resource = { kind: 'video', name: 'v1_same' } as const;
    const refused = keyOf({ type: 'video.failed', announcedAs: 'interaction.completed', resource });

    expect(refused).toBe(keyOfId('interaction.completed', 'v1_same'));
  });

  it('is the same for all outcomes of our video job, and differs for the report that its outcome is unknown', () => {
    const job = { kind: 'video', id: 'job.video.1' } as const;
    const ends: GeminiEventType[] = ['video.generated', 'video.failed', 'interaction.completed', 'interaction.failed'];
    const keys = ends.map((type) => keyOf({ type, job }));

    // Version 0.1.0 has this key, and may share the queue.
    expect(new Set(keys)).toEqual(new Set(['default/job/video/job.video.1/video.generated']));
    expect(keyOf({ type: 'video.lost', job })).toBe('default/job/video/job.video.1/video.lost');
  });

  it('of an interaction job is the same for interaction.completed and video.generated', () => {
    const job = { kind: 'interaction', id: 'job.interaction.1' } as const;

    expect(keyOf({ type: 'video.generated', job })).toBe(keyOf({ type: 'interaction.completed', job }));
  });

  it('depends on the message id only if the event has no resource', () => {
    expect(keyOf({ messageId: 'msg_2' })).toBe(keyOf());
    expect(keyOf({ resource: undefined, messageId: 'msg_2' })).not.toBe(keyOf({ resource: undefined }));
  });

  it('differs between tenants with any names', () => {
    const params = [
      {},
      { a: 'b' },
      { a: 'b/c=d' },
      { a: 'b', c: 'd' },
      { 'a=b': '' },
      { a: '' },
      { a: 'B' },
      { '': 'b' },
      { a: 'b ' },
      { a: '%62' },
    ];

    expect(new Set(params.map((one) => keyOf({ params: one }))).size).toBe(params.length);
  });

  it.each([
    ['separators', ['a/b', 'a=b', 'a', '~a', 'a:b']],
    ['lone surrogates', ['\ud800', '\udfff', '\ufffd']],
    ['control characters and line ends', ['a', 'a\n', 'a\r', 'a\u0000', '\na']],
    ['letters that look alike', ['\u00e9', 'e\u0301', 'e']],
    ['great length', ['x'.repeat(128), 'x'.repeat(129), 'x'.repeat(100_000)]],
    ['nothing', ['', '~', ' ']],
  ])('differs for ids with %s', (_, ids) => {
    const messages = ids.map((id) => keyOf({ resource: undefined, messageId: id }));
    const resources = ids.map((id) => keyOf({ resource: { kind: 'video', name: id } }));

    expect(new Set(messages).size).toBe(ids.length);
    // The last segment of a name with a slash is the id.
    expect(new Set(resources).size).toBe(new Set(ids.map((id) => id.split('/').at(-1))).size);
  });

  it('differs for an id that looks like the hash of another', () => {
    const hashed = keyOf({ resource: undefined, messageId: 'a b' });
    const hash = hashed.slice('default/message/'.length);

    expect(keyOf({ resource: undefined, messageId: hash })).not.toBe(hashed);
  });

  it('has a bounded length and only plain characters', () => {
    const key = keyOf({
      registration: 'r'.repeat(64),
      params: { ['p'.repeat(500)]: 'ü'.repeat(500) },
      job: { kind: 'interaction', id: '\u0000'.repeat(10_000) },
    });

    expect(key.length).toBeLessThan(400);
    expect(key).toMatch(/^[\x21-\x7e]+$/);
  });
});

describe('the key that version 0.1.0 gave an event', () => {
  const video = resourceOf('video.generated', { id: 'op9' });

  it('is known for a video without a token, which had its own kind', () => {
    const { messageId: _id, ...others } = identity;
    const given = { ...others, params: { project: 'acme' }, type: 'video.generated' as const, resource: video };

    expect(earlierEventKey(given)).toBe('default/project=acme/video/op9/video.generated');
  });

  it.each<[string, Partial<EventIdentity>]>([
    ['a batch', {}],
    ['an interaction', { type: 'interaction.completed', resource: { kind: 'interaction', name: 'i1' } }],
    ['a video with a token', { type: 'video.generated', resource: video, job: { kind: 'video', id: 'j1' } }],
    ['a type that it did not have', { type: 'video.failed', resource: video }],
    ['an event without an id', { type: 'video.generated', resource: undefined }],
  ])('was the same for %s', (_what, change) => {
    expect(earlierEventKey({ ...identity, ...change })).toBeUndefined();
  });
});

describe('the id of our job in an event key', () => {
  it.each<[Partial<EventIdentity>, string | undefined]>([
    [{ job: { kind: 'batch', id: 'j1' } }, 'j1'],
    [{ job: { kind: 'batch', id: 'j1' }, params: { project: 'acme', region: 'eu' } }, 'j1'],
    [{}, undefined],
    [{ registration: 'job' }, undefined],
    [{ registration: 'job', type: undefined }, undefined],
  ])('of %j is %j', (change, id) => {
    expect(jobIdInKey(keyOf(change))).toBe(id);
  });
});
