import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { rawPost } from '../support/raw-http.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { bodyOf, hmacEntry, newSecret, withHmac } from '../support/senders.js';

const secret = newSecret();

function signed(body: string | Buffer, by = secret) {
  const timestamp = Math.floor(Date.now() / 1000);
  const id = `msg_${crypto.randomUUID()}`;
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': hmacEntry(by, id, timestamp, body),
    },
    body,
  };
}

const nested = (depth: number, inside: string) => `${'['.repeat(depth)}${inside}${']'.repeat(depth)}`;

const INVALID_EVENTS: Readonly<Record<string, string | Buffer>> = {
  'an empty body': '',
  'a blank body': ' \r\n',
  'a body that is not JSON': 'type=batch.succeeded',
  'incomplete JSON': '{"type":"batch.succeeded"',
  'JSON followed by something else': '{"type":"batch.succeeded"} {}',
  null: 'null',
  'a string': '"batch.succeeded"',
  'a number': '1',
  'a list': '[{"type":"batch.succeeded"}]',
  'an object without a type': '{}',
  'a type that is a number': '{"type":1}',
  'a type that is an object': '{"type":{"toString":"batch.succeeded"}}',
  'a type in __proto__': '{"__proto__":{"type":"batch.succeeded"}}',
  'a type in constructor.prototype': '{"constructor":{"prototype":{"type":"batch.succeeded"}}}',
  'UTF-16': Buffer.from('{"type":"batch.succeeded"}', 'utf16le'),
  'bytes that are not UTF-8': Buffer.from([...Buffer.from('{"type":"batch.succeeded","x":"'), 0xff, 0xc0, 0x22, 0x7d]),
  'a truncated UTF-8 character': Buffer.from([...Buffer.from('{"type":"a.b","x":"'), 0xe2, 0x82, 0x22, 0x7d]),
  'a surrogate in UTF-8': Buffer.from([...Buffer.from('{"type":"a.b","x":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
  'NUL bytes': Buffer.alloc(100),
  'a list nested as deep as fits': nested(130_000, ''),
  'a truncated object nested as deep as fits': '{"a":'.repeat(50_000),
};

const EVENTS: Readonly<Record<string, string>> = {
  'data nested deeply': `{"type":"deep.event","data":{"id":${nested(100_000, '')}}}`,
  'a __proto__ at the top': '{"type":"proto.event","__proto__":{"polluted":true},"data":{"id":"x"}}',
  'a __proto__ in the data': '{"type":"batch.succeeded","data":{"__proto__":{"polluted":true},"id":"x"}}',
  'a constructor.prototype': '{"type":"batch.failed","constructor":{"prototype":{"polluted":true}},"data":null}',
  'a __proto__ in the metadata': '{"type":"a.b","user_metadata":{"__proto__":{"polluted":true}},"data":{}}',
  'data that is a list': '{"type":"batch.succeeded","data":[1,2]}',
  'an id that is an object': '{"type":"batch.succeeded","data":{"id":{"a":1}}}',
  'an empty type': '{"type":""}',
  'the type of a method of objects': '{"type":"toString","data":{}}',
  'the type __proto__': '{"type":"__proto__","data":{}}',
  'fields that the module sets':
    '{"type":"a.b","delivery":{"id":"forged"},"resource":{"kind":"batch"},"userMetadata":7,"data":{}}',
};

describe.each(ADAPTERS)('unusual bodies on $adapter', (adapter) => {
  let own: Receiver;
  let url: string;

  beforeAll(async () => {
    own = receiver({}, secret);
    url = `${(await startApp(own.metadata, { adapter })).origin}/gemini/webhooks`;
  });

  beforeEach(() => {
    own.events.length = 0;
  });

  afterAll(closeApps);

  it.each(Object.entries(INVALID_EVENTS))('%s gets 400 if signed, and 401 if not', async (_what, body) => {
    const { headers } = signed(body);
    const authentic = await rawPost(url, headers, body);
    const forged = await rawPost(url, signed(body, newSecret()).headers, body);

    expect([authentic.status, authentic.body['code']]).toEqual([400, 'malformed_event']);
    expect(authentic.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect([forged.status, forged.body['code']]).toEqual([401, 'signature_mismatch']);
    expect(own.events).toEqual([]);
  });

  it.each(Object.entries(EVENTS))('%s is accepted as an event and pollutes no prototype', async (_what, body) => {
    const answer = await post(url, signed(body));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    expect(own.events).toHaveLength(1);
    expect(own.events[0]?.delivery.strategy).toBe('hmac');
    expect(Object.getPrototypeOf(own.events[0])).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((own.events[0] as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('any unsigned bytes are refused in the documented format and run no handler', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.base64String(), async (bytes, entry) => {
        const body = Buffer.from(bytes);
        const { headers } = signed(body, newSecret());
        const answer = await rawPost(url, { ...headers, 'webhook-signature': `v1,${entry} x` }, body);
        expect([answer.status, answer.body['code']]).toEqual([401, 'signature_mismatch']);
      }),
      { numRuns: 50 },
    );
    expect(own.events).toEqual([]);
  });

  it('any headers get a documented 4xx and run no handler', async () => {
    const text = fc
      .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })
      .filter((value) => !/[\u007f]/.test(value));
    await fc.assert(
      fc.asyncProperty(text, text, text, async (id, timestamp, signature) => {
        const answer = await rawPost(
          url,
          { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
          bodyOf('batch.succeeded', { id: 'b' }),
        );
        expect(answer.body['code']).toMatch(/^(missing_header|malformed_header|timestamp_out_of_tolerance)$/);
        expect(answer.status).toBe(400);
      }),
      { numRuns: 100 },
    );
    expect(own.events).toEqual([]);
  });

  it('any signed JSON is either accepted as an event or refused as malformed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.option(fc.string()), async (data, type) => {
        const body = type === null ? data : `{"type":${JSON.stringify(type)},"data":${data}}`;
        const answer = await post(url, withHmac(secret, body));
        expect([200, 400]).toContain(answer.status);
        if (type !== null) expect(answer.status).toBe(200);
      }),
      { numRuns: 100 },
    );
  });
});
