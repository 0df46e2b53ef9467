import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '../../../lib/events/parse-event.js';
import { verifiedDelivery } from '../../../lib/events/verified-delivery.js';
import { codeOf, refusalOf } from '../../support/verifying.js';

const parse = (text: string | Buffer) => parseEvent(Buffer.from(text));

function deliver(text: string) {
  const body = Buffer.from(text);
  const raw = parseEvent(body);
  const attemptedAt = new Date('2026-01-22T12:00:00Z');
  return verifiedDelivery({
    id: 'msg_1',
    registration: 'default',
    attemptedAt,
    strategy: 'hmac',
    params: { p: '1' },
    raw,
    body,
  });
}

describe('parseEvent', () => {
  it.each([
    '{"type":"batch.succeeded"}',
    ' \n{"type":"x"}\t',
    '{"type":""}',
    '{"type":"\\ud800"}',
    '{"type":"x","type":"y"}',
    '{"type":"x","data":null}',
    '{"type":"x","data":7,"version":2,"timestamp":false}',
    `{"type":"${'x'.repeat(10_000)}"}`,
    '{"type":"日本語 🎬"}',
  ])('accepts %.60s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('accepts deep nesting', () => {
    const depth = 50_000;

    expect(parse(`{"type":"x","data":${'['.repeat(depth)}${']'.repeat(depth)}}`).type).toBe('x');
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['spaces', '  '],
    ['half an object', '{"type":"x"'],
    ['two objects', '{"type":"x"}{"type":"x"}'],
    ['a trailing comma', '{"type":"x",}'],
    ['a byte order mark', '\ufeff{"type":"x"}'],
    ['UTF-16', Buffer.from('{"type":"x"}', 'utf16le')],
    ['an overlong encoding', Buffer.from([...Buffer.from('{"type":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
    ['null', 'null'],
    ['true', 'true'],
    ['a number', '7'],
    ['a string', '"type"'],
    ['a list', '[{"type":"x"}]'],
    ['an object without type', '{}'],
    ['a type of null', '{"type":null}'],
    ['a list for a type', '{"type":["x"]}'],
    ['a type in __proto__', '{"__proto__":{"type":"x"}}'],
  ])('rejects %s', async (_, body) => {
    expect(await codeOf(() => parse(body))).toBe('malformed_event');
  });

  it.each([
    [Buffer.from([0xff]), 'the body is not UTF-8'],
    ['{', 'the body is not JSON'],
    ['7', 'the event is not a JSON object'],
    ['{"type":7}', 'the event has no string "type"'],
  ])('says what is wrong with %j', async (body, reason) => {
    expect((await refusalOf(() => parse(body))).message).toBe(`The signature of a delivery is valid, but ${reason}.`);
  });

  it("keeps the parser's error as the cause", async () => {
    expect((await refusalOf(() => parse('{'))).cause).toBeInstanceOf(SyntaxError);
  });

  it('does not include the body in its error message', async () => {
    expect((await refusalOf(() => parse('{"secret": oops'))).message).not.toContain('secret');
  });
});

describe('an event', () => {
  it('is the body as it was sent, with the fields of the module', () => {
    const { event } = deliver(
      '{"type":"batch.completed","version":"v1","timestamp":"t","data":{"id":"b1","new_field":[1]},"extra":{"a":1}}',
    );
    const delivery = {
      id: 'msg_1',
      key: 'default/p=1/batch/b1/batch.succeeded',
      registration: 'default',
      attemptedAt: new Date('2026-01-22T12:00:00Z'),
      strategy: 'hmac',
      sentType: 'batch.completed',
      params: { p: '1' },
    };

    expect(event).toEqual({
      type: 'batch.succeeded',
      version: 'v1',
      timestamp: 't',
      data: { id: 'b1', new_field: [1] },
      extra: { a: 1 },
      userMetadata: {},
      resource: { kind: 'batch', name: 'batches/b1' },
      delivery,
    });
  });

  it.each(['', ',"data":null', ',"data":7', ',"data":[1]', ',"data":"x"'])(
    'has {} as data if it is absent or not an object (%s)',
    (data) => {
      expect(deliver(`{"type":"batch.succeeded"${data}}`).event).toMatchObject({ data: {}, resource: undefined });
    },
  );

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'])(
    'with the type %j counts as an unknown event',
    (type) => {
      const { event, key } = deliver(`{"type":"${type}","data":{"id":"1"}}`);

      expect(event).toMatchObject({ type, resource: undefined, delivery: { sentType: type } });
      expect(key).toBe('default/p=1/message/msg_1');
    },
  );

  it('cannot override delivery, resource or metadata', () => {
    const { event } = deliver(
      '{"type":"ping","delivery":{"registration":"other"},"resource":{"kind":"batch"},"userMetadata":"x"}',
    );

    expect(event).toMatchObject({ delivery: { registration: 'default' }, userMetadata: {} });
    expect(event.resource).toBeUndefined();
  });

  it('keeps __proto__ and constructor as plain fields, without changing a prototype', () => {
    const polluting = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const { event } = deliver(
      `{"type":"batch.succeeded","__proto__":{"polluted":1},"data":{"id":"1","__proto__":{"id":"2","polluted":1}},"user_metadata":${polluting}}`,
    );

    for (const holder of [event, event.data, event.userMetadata, {}]) {
      expect(Object.getPrototypeOf(holder)).toBe(Object.prototype);
      expect((holder as Record<string, unknown>)['polluted']).toBeUndefined();
    }
    expect(event.resource).toEqual({ kind: 'batch', name: 'batches/1' });
  });
});
