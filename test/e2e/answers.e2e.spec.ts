import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  GeminiWebhooksError,
  OnGeminiEvent,
  UnrecoverableEventError,
  type GeminiWebhooksModuleOptions,
  type InboxEngine,
} from '../../lib/index.js';
import { expectProblem, expectReceipt } from '../support/answers.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac, type Delivery } from '../support/senders.js';

const PRIVATE = 'postgres://user:hunter2@db/private';
const secret = newSecret();
const google = new GoogleKeys();
const batch = bodyOf('batch.succeeded', { id: 'b1' });

const engine = (accept: InboxEngine['accept']) => () => ({ accept, close: async () => undefined });

@Injectable()
class FailingHandler {
  @OnGeminiEvent('batch.failed')
  fail() {
    throw new Error(PRIVATE);
  }

  @OnGeminiEvent('batch.expired')
  giveUp() {
    throw new UnrecoverableEventError(PRIVATE);
  }
}

interface Row {
  readonly status: number;
  /** The `code` of a refusal, the `status` of a receipt. */
  readonly says: string;
  readonly when: string;
  readonly options?: GeminiWebhooksModuleOptions;
  readonly delivery?: () => Delivery;
}

const without = (name: string): Delivery => {
  const { headers, body } = withHmac(secret, batch);
  return { headers: Object.fromEntries(Object.entries(headers).filter(([one]) => one !== name)), body };
};
const having = (changed: Record<string, string>): Delivery => {
  const { headers, body } = withHmac(secret, batch);
  return { headers: { ...headers, ...changed }, body };
};
const ago = (seconds: number) => withHmac(secret, batch, { date: new Date(Date.now() - seconds * 1000) });
const dynamic = () => withEd25519(google.key(), batch);
const taking = { hmac: { secrets: secret } };

const ROWS: readonly Row[] = [
  { status: 200, says: 'processed', when: 'every handler has completed' },
  {
    status: 200,
    says: 'processed',
    when: 'no handler listens to the type',
    delivery: () => withHmac(secret, bodyOf('brand.new')),
  },
  {
    status: 200,
    says: 'processed',
    when: 'the only failures are permanent',
    delivery: () => withHmac(secret, bodyOf('batch.expired', { id: 'b' })),
  },
  {
    status: 202,
    says: 'accepted',
    when: 'a durable inbox has stored it',
    options: { inbox: engine(async () => ({ status: 'accepted', httpStatus: 202 })) },
  },
  {
    status: 202,
    says: 'duplicate',
    when: 'a durable inbox had stored it before',
    options: { inbox: engine(async () => ({ status: 'duplicate', httpStatus: 202 })) },
  },
  ...['webhook-id', 'webhook-timestamp', 'webhook-signature'].flatMap((name): Row[] => [
    { status: 400, says: 'missing_header', when: `${name} is absent`, delivery: () => without(name) },
    { status: 400, says: 'missing_header', when: `${name} is empty`, delivery: () => having({ [name]: '' }) },
  ]),
  {
    status: 400,
    says: 'malformed_header',
    when: 'the id is too long',
    delivery: () => having({ 'webhook-id': 'x'.repeat(300) }),
  },
  {
    status: 400,
    says: 'malformed_header',
    when: 'the timestamp is not a number',
    delivery: () => having({ 'webhook-timestamp': '123abc' }),
  },
  { status: 400, says: 'timestamp_out_of_tolerance', when: 'it is too old', delivery: () => ago(302) },
  { status: 400, says: 'timestamp_out_of_tolerance', when: 'it is in the future', delivery: () => ago(-302) },
  {
    status: 400,
    says: 'malformed_event',
    when: 'a signed body is not an event',
    delivery: () => withHmac(secret, '{"type":7}'),
  },
  {
    status: 401,
    says: 'signature_mismatch',
    when: 'an unsigned body is not an event',
    delivery: () => withHmac(newSecret(), '{"type":7}'),
  },
  {
    status: 401,
    says: 'signature_mismatch',
    when: 'another secret signed it',
    delivery: () => withHmac(newSecret(), batch),
  },
  {
    status: 401,
    says: 'signature_mismatch',
    when: 'no entry has a known scheme',
    delivery: () => having({ 'webhook-signature': 'v9,abc' }),
  },
  { status: 403, says: 'unbound_delivery', when: 'Google signed it for another app', delivery: dynamic },
  {
    status: 413,
    says: 'body_too_large',
    when: 'the body is over the limit, signed or not',
    delivery: () => ({ headers: { 'content-type': 'application/json' }, body: 'x'.repeat(2000) }),
    options: { bodyLimitBytes: 1999 },
  },
  {
    status: 415,
    says: 'unsupported_media_type',
    when: 'the body is not JSON, signed or not',
    delivery: () => ({ headers: { 'content-type': 'text/plain' }, body: '' }),
  },
  {
    status: 500,
    says: 'handler_failed',
    when: 'a handler failed',
    delivery: () => withHmac(secret, bodyOf('batch.failed', { id: 'b' })),
  },
  {
    status: 503,
    says: 'keys_unavailable',
    when: 'secrets(params) throws',
    options: {
      hmac: {
        secrets: () => {
          throw new Error(PRIVATE);
        },
      },
    },
  },
  {
    status: 503,
    says: 'keys_unavailable',
    when: 'secrets(params) rejects',
    options: { hmac: { secrets: () => Promise.reject(new Error(PRIVATE)) } },
  },
  {
    status: 503,
    says: 'keys_unavailable',
    when: "a user's own strategy throws",
    options: { strategies: [{ name: 'mine', verify: () => Promise.reject(new Error(PRIVATE)) }] },
    delivery: () => withHmac(newSecret(), batch),
  },
  {
    status: 503,
    says: 'inbox_unavailable',
    when: 'the inbox throws that code',
    options: { inbox: engine(() => Promise.reject(new GeminiWebhooksError('inbox_unavailable', PRIVATE))) },
  },
  {
    status: 503,
    says: 'inbox_unavailable',
    when: 'the inbox throws another error',
    options: { inbox: engine(() => Promise.reject(new Error(PRIVATE))) },
  },
  {
    status: 503,
    says: 'inbox_unavailable',
    when: 'the inbox throws a value that is not an error',
    options: { inbox: engine(() => Promise.reject(PRIVATE)) },
  },
  {
    status: 503,
    says: 'still_processing',
    when: 'the inbox throws that code',
    options: { inbox: engine(() => Promise.reject(new GeminiWebhooksError('still_processing', PRIVATE))) },
  },
];

afterEach(closeApps);

describe.each(ADAPTERS)('the response on $adapter', (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions = {}) => {
    const own = receiver(
      { ...taking, jwks: { keySet: google.keySet }, binding: { secret: 'a secret of this test' }, ...options },
      secret,
    );
    const { origin } = await startApp(
      { imports: own.metadata.imports, providers: [...own.metadata.providers, FailingHandler] },
      { adapter },
    );
    return { ...own, url: `${origin}/gemini/webhooks` };
  };

  it.each(ROWS)('is $status $says when $when', async ({ status, says, options, delivery }) => {
    const { url, events } = await start(options);

    const answer = await post(url, delivery?.() ?? withHmac(secret, batch));

    if (status < 300) expectReceipt(answer, status, says);
    else expectProblem(answer, status, says, [PRIVATE, secret]);
    if (status >= 400 && status < 500) expect(events).toEqual([]);
  });
});
