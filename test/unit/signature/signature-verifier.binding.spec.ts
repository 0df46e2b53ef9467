import { beforeAll, describe, expect, it } from '@jest/globals';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import type { DeliveryRequest } from '../../../lib/signature/delivery-request.js';
import { bodyOf, GoogleKeys, newSecret, seconds, withEd25519, withHmac, withJwt } from '../../support/senders.js';
import { codeOf, requestOf, verifierOf } from '../../support/verifying.js';

const google = new GoogleKeys();
const secret = newSecret();
const settings: GeminiWebhooksSettings = { hmac: { secrets: secret }, jwks: { keySet: google.keySet } };
const { verifier, tokens } = verifierOf(settings);
const here = { registration: 'default', path: 'gemini/webhooks', params: {} };

let token: string;
let foreign: string;

beforeAll(async () => {
  token = (await tokens.mint(here))!;
  foreign = (await verifierOf({ ...settings, binding: { secret: 'another deployment has this' } }).tokens.mint(here))!;
});

const delivery = (rest: object = {}, data: object = {}, type = 'video.generated') =>
  withEd25519(google.key(), bodyOf(type, { id: 'v1', ...data }, rest));
const verify = (signed: Parameters<typeof requestOf>[0], rest: Partial<DeliveryRequest> = {}, by = verifier) =>
  by.verify(requestOf(signed, rest));

/** Where Google may put the metadata of a job: each as the whole body's fields and as those of `data`. */
const PLACES: [string, (metadata: object) => { rest?: object; data?: object }][] = [
  ['user_metadata', (metadata) => ({ rest: { user_metadata: metadata } })],
  ['userMetadata', (metadata) => ({ rest: { userMetadata: metadata } })],
  ['data.user_metadata', (metadata) => ({ data: { user_metadata: metadata } })],
  ['data.userMetadata', (metadata) => ({ data: { userMetadata: metadata } })],
];

describe('a delivery signed by Google', () => {
  it('is refused without a token', async () => {
    expect(await codeOf(() => verify(delivery()))).toBe('unbound_delivery');
  });

  it('is accepted with a token in the query', async () => {
    expect(await verify(delivery(), { url: `/gemini/webhooks?gemini_binding=${token}` })).toMatchObject({
      strategy: 'jwks',
    });
  });

  it.each(PLACES)('is accepted with a token in %s, which is removed from the event', async (_, at) => {
    const { rest, data } = at({ order: 7, gemini_binding: token });

    const { event } = await verify(delivery(rest, data));

    expect(event.userMetadata).toEqual({ order: 7 });
    expect(JSON.stringify(event)).not.toContain(token);
    expect(JSON.stringify(event)).not.toContain('gemini_binding');
  });

  it('has no token in its event, wherever the delivery had it', async () => {
    const metadata = { order: 7, gemini_binding: token };
    const all = { user_metadata: metadata, userMetadata: metadata };

    const { event } = await verify(delivery(all, all));

    expect(JSON.stringify(event)).not.toContain('gemini_binding');
    expect(event).toMatchObject({ user_metadata: { order: 7 }, data: { id: 'v1', userMetadata: { order: 7 } } });
  });

  it.each(PLACES)('is accepted if %s has a valid token and the query does not', async (_, at) => {
    const { rest, data } = at({ gemini_binding: token });

    expect(await verify(delivery(rest, data), { url: `/?gemini_binding=${foreign}` })).toBeDefined();
  });

  it('is accepted if one of two metadata objects has a valid token', async () => {
    expect(
      await verify(
        delivery({ user_metadata: { gemini_binding: foreign } }, { user_metadata: { gemini_binding: token } }),
      ),
    ).toBeDefined();
  });

  it('uses the last of several binding parameters, which is ours', async () => {
    const query = (...values: string[]) => ({ url: `/?a=1&${values.map((one) => `gemini_binding=${one}`).join('&')}` });

    expect(await verify(delivery(), query(foreign, token))).toBeDefined();
    expect(await codeOf(() => verify(delivery(), query(token, foreign)))).toBe('unbound_delivery');
  });

  it.each([7, null, true, [], {}, '', 'x', 'x'.repeat(5000)])('is refused with the token %j', async (value) => {
    expect(await codeOf(() => verify(delivery({ user_metadata: { gemini_binding: value } })))).toBe('unbound_delivery');
  });

  it('is refused with a token of another deployment', async () => {
    expect(await codeOf(() => verify(delivery(), { url: `/?gemini_binding=${foreign}` }))).toBe('unbound_delivery');
  });

  it.each([
    ['another registration', { ...here, registration: 'other' }, {}],
    ['another path', { ...here, path: 'other' }, {}],
    ['the route, on a route of the user', here, { path: undefined }],
    ['another tenant', { ...here, params: { project: 'acme' } }, { params: { project: 'rival' } }],
    ['a job of another kind', { ...here, kind: 'batch', job: 'j1' }, {}],
  ] as const)('is refused with a token for %s', async (_, binding, rest) => {
    const url = `/?gemini_binding=${await tokens.mint(binding)}`;

    expect(await codeOf(() => verify(delivery(), { url, ...rest }))).toBe('unbound_delivery');
  });

  it('has the event key of the job in the token, whatever the id in the body', async () => {
    const url = `/?gemini_binding=${await tokens.mint({ ...here, kind: 'video', job: 'j1' })}`;

    expect((await verify(delivery(), { url })).key).toBe('default/job/video/j1/video.generated');
    expect((await verify(delivery({}, { id: 'other' }), { url })).key).toBe('default/job/video/j1/video.generated');
    expect((await verify(delivery({}, {}, 'video.unheard_of'), { url })).key).toMatch(/^default\/message\/msg_/);
  });

  it('as a JWT is bound by the metadata in its claims', async () => {
    const claims = { type: 'batch.failed', user_metadata: { gemini_binding: token }, iat: seconds(new Date()) };
    const bound = await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0' });
    const unbound = await withJwt(
      google.rsa.privateKey,
      { ...claims, user_metadata: {} },
      { kid: 'rsa-0', body: JSON.stringify(claims) },
    );

    expect((await verify(bound)).event.userMetadata).toEqual({});
    expect(await codeOf(() => verify(unbound))).toBe('unbound_delivery');
  });

  it('is accepted without a token if binding is off, and a token is still removed from the event', async () => {
    const open = verifierOf({ ...settings, binding: false }).verifier;

    expect(await verify(delivery(), {}, open)).toBeDefined();
    const { event } = await verify(delivery({ user_metadata: { gemini_binding: token } }), {}, open);
    expect(event.userMetadata).toEqual({});
  });

  it('is refused if there is no binding key', async () => {
    const keyless = verifierOf({ ...settings, binding: {} }).verifier;

    expect(await codeOf(() => verify(delivery(), { url: `/?gemini_binding=${token}` }, keyless))).toBe(
      'unbound_delivery',
    );
  });
});

describe('a delivery signed with the secret of the static webhook', () => {
  it('needs no token', async () => {
    expect(await verify(withHmac(secret, bodyOf('batch.failed', { id: 'b1' })))).toMatchObject({ strategy: 'hmac' });
  });

  it('does not take the event key of a job from a token', async () => {
    const job = await tokens.mint({ ...here, kind: 'batch', job: 'j1' });

    const { key } = await verify(withHmac(secret, bodyOf('batch.failed', { id: 'b1' })), {
      url: `/?gemini_binding=${job}`,
    });

    expect(key).toBe('default/batch/b1/batch.failed');
  });
});
