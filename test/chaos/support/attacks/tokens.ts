import { SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { sign, type KeyObject } from 'node:crypto';
import { bindingTokenOf } from '../../../support/binding-tokens.js';
import { GoogleKeys } from '../../../support/senders.js';
import { requestBytes, withHeaders, type Attack, type Choices } from './attack.js';
import { authentic, eventOf, forged, headersOf, hmacOf, type Stolen } from './sender.js';

type TokenAttack = (stolen: Stolen, choices: Choices) => Omit<Attack, 'what'>;

const now = () => Math.floor(Date.now() / 1000);

const refused = (bytes: Buffer, status = 401): Omit<Attack, 'what'> => ({
  pieces: [bytes],
  answers: [status],
  after: 'continues',
});

const withSignature = (signature: string, choices: Choices, target?: string) => {
  const body = eventOf(choices);
  const headers = headersOf(body, `msg_${choices.text(12, '0123456789abcdef')}`, now(), signature);
  return requestBytes(headers, body, target === undefined ? {} : { target });
};

/** Signatures of the simple schemes that do not verify. */
const SIGNATURES: Readonly<Record<string, TokenAttack>> = {
  'a delivery is signed with another secret': (_stolen, choices) => {
    const { headers, body } = forged(choices);
    return refused(requestBytes(headers, body));
  },
  'a signature belongs to another id or time': ({ secret }, choices) => {
    const body = eventOf(choices);
    const [id, seconds] = choices.oneOf([
      ['msg_other', now()],
      ['msg_1', now() - 1],
    ] as const);
    return refused(requestBytes(headersOf(body, 'msg_1', now(), hmacOf(secret, id, seconds, body)), body));
  },
  'a signature is altered': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const good = headers.find(([name]) => name === 'webhook-signature')![1];
    const altered = choices.oneOf([
      good.slice(0, -4),
      `${good}AAAA`,
      good.replace('v1,', 'v1a,'),
      good.replace('v1,', 'V1,'),
      good.replace('v1,', 'v2,'),
      `v1,${good[3] === 'A' ? 'B' : 'A'}${good.slice(4)}`,
      `v1,${Buffer.from(good.slice(3), 'base64').toString('hex')}`,
    ]);
    return refused(requestBytes(withHeaders(headers, { 'webhook-signature': altered }), body));
  },
  'there are as many well-formed entries as fit': (_stolen, choices) => {
    const entry = () => choices.oneOf([`v1,${choices.text(43)}=`, `v1a,${choices.text(86)}==`]);
    return refused(withSignature(Array.from({ length: 80 }, entry).join(' '), choices));
  },
};

interface SignedToken {
  readonly what: string;
  readonly token: string;
  readonly status: number;
  readonly target?: string;
}

/** Tokens are signed once, because a signature costs more than the request that carries it. */
async function tokens({ google, audience, issuer, secret }: Stolen): Promise<SignedToken[]> {
  const strangers = new GoogleKeys();
  const claims = (rest: JWTPayload = {}): JWTPayload => ({
    type: 'batch.succeeded',
    data: { id: 'attacker-token' },
    aud: audience,
    iss: issuer,
    iat: now(),
    ...rest,
  });
  const signedBy = (key: KeyObject | Uint8Array, payload: JWTPayload, header: JWTHeaderParameters) =>
    new SignJWT(payload).setProtectedHeader(header).sign(key);
  const rs256 = (rest: JWTPayload = {}, keys = google, kid = 'rsa-0') =>
    signedBy(keys.rsa.privateKey, claims(rest), { alg: 'RS256', kid });
  const good = await rs256();
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const other = Buffer.from(JSON.stringify(claims({ data: { id: 'attacker-other' } }))).toString('base64url');
  const { aud: _aud, ...withoutAudience } = claims();
  const { iat: _iat, ...withoutTime } = claims();
  const rsaHeader = { alg: 'RS256', kid: 'rsa-0' };
  const mismatches: Readonly<Record<string, string>> = {
    'of another key': await rs256({}, strangers),
    'of an unknown key': await rs256({}, google, 'rsa-9'),
    'of another P-256 key': await signedBy(strangers.p256.privateKey, claims(), { alg: 'ES256', kid: 'p256-0' }),
    'of a key for another algorithm': await signedBy(google.p256.privateKey, claims(), { alg: 'ES256', kid: 'rsa-0' }),
    'that names its own key': await signedBy(strangers.rsa.privateKey, claims(), {
      alg: 'RS256',
      jwk: strangers.rsa.publicKey.export({ format: 'jwk' }) as never,
    }),
    'signed with the webhook secret': await signedBy(Buffer.from(secret), claims(), { alg: 'HS256' }),
    'for another audience': await rs256({ aud: 'theirs' }),
    'for no audience': await signedBy(google.rsa.privateKey, withoutAudience, rsaHeader),
    'of another issuer': await rs256({ iss: 'https://issuer.example.com' }),
    'that has expired': await rs256({ iat: now() - 7_200, exp: now() - 3_600 }),
    'of long ago': await rs256({ iat: now() - 7_200 }),
    'of the future': await rs256({ iat: now() + 7_200 }),
    'that is not valid yet': await rs256({ nbf: now() + 7_200 }),
    'without a time': await signedBy(google.rsa.privateKey, withoutTime, rsaHeader),
    'with other claims': `${head}.${other}.${signature}`,
    'without a signature': `${head}.${payload}.`,
    'that is truncated': good.slice(0, -20),
    'with two parts': `${head}.${payload}`,
    'with four parts': `${good}.${signature}`,
    'in text that is not base64url': `${head}.!!!!.${signature}`,
  };
  const unbound: Readonly<Record<string, string>> = {
    'no binding': '/gemini/webhooks',
    'a binding of another deployment': `/gemini/webhooks?gemini_binding=${await bindingTokenOf({}, 'another secret')}`,
    'a binding that is no token': '/gemini/webhooks?gemini_binding=x.y.z',
    'an empty binding': '/gemini/webhooks?gemini_binding=',
  };
  return [
    ...Object.entries(mismatches).map(([what, token]) => ({ what: `a token ${what}`, token, status: 401 })),
    ...Object.entries(unbound).map(([what, target]) => {
      return { what: `an authentic token with ${what}`, token: good, status: 403, target };
    }),
  ];
}

/** Returns requests whose signature does not verify, or verifies for another deployment. */
export async function tokenAttacks(stolen: Stolen): Promise<Readonly<Record<string, TokenAttack>>> {
  const signedTokens = (await tokens(stolen)).map(({ what, token, status, target }): [string, TokenAttack] => [
    what,
    (_stolen, choices) => refused(withSignature(token, choices, target), status),
  ]);
  const unbound: TokenAttack = ({ google }, choices) => {
    const body = eventOf(choices);
    const id = `msg_${choices.text(12, '0123456789abcdef')}`;
    const seconds = now();
    const signature = sign(null, Buffer.concat([Buffer.from(`${id}.${seconds}.`), body]), google.key(choices.below(3)));
    return refused(requestBytes(headersOf(body, id, seconds, `v1a,${signature.toString('base64')}`), body), 403);
  };
  return { ...SIGNATURES, ...Object.fromEntries(signedTokens), "a delivery of Google's to somebody else": unbound };
}
