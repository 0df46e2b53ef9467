import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { rawPost } from '../support/raw-http.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { bodyOf, hmacEntry, newSecret, withHmac } from '../support/senders.js';

const secret = newSecret();
const BODY = bodyOf('batch.succeeded', { id: 'b1' });
const now = () => Math.floor(Date.now() / 1000);

type SentHeaders = Record<string, string | readonly string[]>;

/** A good delivery whose headers are changed after it was signed. */
const changed = (change: (good: Record<string, string>) => SentHeaders) => (): SentHeaders => {
  const { headers } = withHmac(secret, BODY);
  return { ...headers, ...change(headers) };
};

/** A delivery that is signed with this id or timestamp, so that only their form can be refused. */
const signed = (id: string, timestamp: string) => (): SentHeaders => ({
  'content-type': 'application/json',
  'webhook-id': id,
  'webhook-timestamp': timestamp,
  'webhook-signature': hmacEntry(secret, id, timestamp, BODY),
});

interface BadHeaders {
  readonly what: string;
  readonly status: number;
  readonly code: string;
  readonly headers: () => SentHeaders;
}

const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

const BAD: readonly BadHeaders[] = [
  ...names.flatMap((name): BadHeaders[] => [
    { what: `empty ${name}`, status: 400, code: 'missing_header', headers: changed(() => ({ [name]: '' })) },
    { what: `blank ${name}`, status: 400, code: 'missing_header', headers: changed(() => ({ [name]: ' \t ' })) },
    {
      what: `repeated ${name}`,
      status: 400,
      code: 'malformed_header',
      headers: changed((good) => ({ [name]: [good[name]!, good[name]!] })),
    },
    {
      what: `${name} sent once valid and once empty`,
      status: 400,
      code: 'malformed_header',
      headers: changed((good) => ({ [name]: ['', good[name]!] })),
    },
    {
      what: `${name} repeated in another casing`,
      status: 400,
      code: 'malformed_header',
      headers: changed((good) => ({ [name.toUpperCase()]: good[name]! })),
    },
    {
      what: `huge ${name}`,
      status: 400,
      code: 'malformed_header',
      headers: changed(() => ({ [name]: '1'.repeat(9000) })),
    },
  ]),
  ...['msg_\u00e9', 'msg 1', 'msg_\u0080\u00ff', 'msg\t1', 'x'.repeat(257)].map((id) => ({
    what: `webhook-id ${JSON.stringify(id.slice(0, 20))}`,
    status: 400,
    code: 'malformed_header',
    headers: changed(() => ({ 'webhook-id': id })),
  })),
  ...['123abc', '+', '-', '1e9', '0x10', '1.5', ',', '1 ', 'NaN', '\u00b2', `${'9'.repeat(17)}`].map((odd) => {
    const timestamp = odd === '1 ' ? `${now()} 1` : odd.length === 1 ? `${odd}${now()}` : odd;
    return {
      what: `webhook-timestamp ${timestamp}`,
      status: 400,
      code: 'malformed_header',
      headers: odd === '\u00b2' ? changed(() => ({ 'webhook-timestamp': odd })) : signed('msg_1', timestamp),
    };
  }),
  ...['0', '1', '253402300800', '9999999999999999'].map((timestamp) => ({
    what: `webhook-timestamp ${timestamp}`,
    status: 400,
    code: 'timestamp_out_of_tolerance',
    headers: signed('msg_1', timestamp),
  })),
  ...['\u00e9', 'v1,\u00ff\u00fe', ',', 'v1,', 'v1', 'v1,====', '{"v1":1}', '__proto__', 'v1, ,v1'].map(
    (signature) => ({
      what: `webhook-signature ${JSON.stringify(signature)}`,
      status: 401,
      code: 'signature_mismatch',
      headers: changed(() => ({ 'webhook-signature': signature })),
    }),
  ),
];

describe.each(ADAPTERS)('bad headers on $adapter', (adapter) => {
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

  it.each(BAD)('$what gets $status $code, and the next delivery is accepted', async ({ headers, status, code }) => {
    const answer = await rawPost(url, headers(), BODY);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(own.events).toEqual([]);

    const next = await post(url, withHmac(secret, bodyOf('batch.succeeded', { id: crypto.randomUUID() })));
    expect(next.body).toEqual({ status: 'processed' });
  });

  it('a delivery without any of them gets 400 missing_header', async () => {
    const answer = await rawPost(url, {}, BODY);

    expect([answer.status, answer.body['code']]).toEqual([400, 'missing_header']);
    expect(own.events).toEqual([]);
  });

  it("headers beyond the server's limit are refused by the server, which keeps running", async () => {
    const answer = await fetch(url, { method: 'POST', headers: { 'webhook-id': 'x'.repeat(40_000) }, body: BODY });
    const next = await post(url, withHmac(secret, bodyOf('batch.succeeded', { id: 'after' })));

    expect(answer.status).toBe(431);
    expect(next.status).toBe(200);
  });

  it('headers in any letter case are accepted', async () => {
    const { headers, body } = withHmac(secret, bodyOf('batch.succeeded', { id: 'casing' }));
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));

    expect((await rawPost(url, upper, body)).body).toEqual({ status: 'processed' });
  });
});
