import { beforeAll, describe, expect, it } from '@jest/globals';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { bodyOf, GoogleKeys, newSecret, seconds, withEd25519, withHmac, withJwt } from '../../support/senders.js';
import { requestOf, verifierOf } from '../../support/verifying.js';

const google = new GoogleKeys();
const secret = newSecret();
const settings: GeminiWebhooksSettings = { hmac: { secrets: secret }, jwks: { keySet: google.keySet } };
const { verifier, tokens } = verifierOf(settings);

let token: string;

beforeAll(async () => {
  token = (await tokens.mint({ registration: 'default', path: 'gemini/webhooks', params: {} }))!;
});

describe('the body of a verified delivery', () => {
  it('is the raw body if it contains no binding token', async () => {
    const sent = ` ${bodyOf('batch.failed', { id: 'b1', big: 1 }).replace('1}', '12345678901234567890}')} `;

    expect((await verifier.verify(requestOf(withHmac(secret, sent)))).body.toString()).toBe(sent);
    const dynamic = requestOf(withEd25519(google.key(), sent), { url: `/?gemini_binding=${token}` });
    expect((await verifier.verify(dynamic)).body.toString()).toBe(sent);
  });

  it("is the event's JSON without the binding token, wherever it was", async () => {
    const metadata = { order: 7, text: '\u0000\ud800', gemini_binding: token };
    const places = { user_metadata: metadata, userMetadata: metadata };
    const sent = bodyOf('batch.failed', { id: 'b1', ...places }, places);

    const { body } = await verifier.verify(requestOf(withEd25519(google.key(), sent)));

    const kept = { order: 7, text: '\u0000\ud800' };
    const clean = { user_metadata: kept, userMetadata: kept };
    expect(JSON.parse(body.toString())).toEqual(JSON.parse(bodyOf('batch.failed', { id: 'b1', ...clean }, clean)));
    expect(body.toString()).not.toContain('gemini_binding');
  });

  it('is the claims of a JWT without the binding token', async () => {
    const claims = { type: 'batch.failed', user_metadata: { gemini_binding: token }, iat: seconds(new Date()) };
    const { body } = await verifier.verify(requestOf(await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0' })));

    expect(JSON.parse(body.toString())).toMatchObject({ type: 'batch.failed', user_metadata: {} });
    expect(body.toString()).not.toContain(token);
  });
});
