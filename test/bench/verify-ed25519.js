import { generateKeyPairSync, verify } from 'node:crypto';
import { JwksStrategy } from '../../build/signature/jwks.strategy.js';
import { parseSignatureHeaders } from '../../build/signature/signature-headers.js';
import { ed25519Delivery, eventBody } from './deliveries.js';
import { QUICK, race, ratioRow, speedRatio, timed, timedAsync } from './harness.js';

const pairs = [0, 1, 2].map(() => generateKeyPairSync('ed25519'));
// Signed with the last: a verifier that does not remember it tries three keys each time.
const { privateKey, publicKey } = pairs[2];
const strategy = new JwksStrategy(
  {
    url: new URL('https://keys.invalid/'),
    audience: undefined,
    issuer: undefined,
    timeoutMs: 1000,
    cacheMaxAgeMs: 600_000,
    staleIfErrorMs: 0,
    keySet: { keys: pairs.map((pair) => pair.publicKey.export({ format: 'jwk' })) },
  },
  300,
);

const CALLS = 64;
const inputs = Array.from({ length: 64 }, () => ed25519Delivery(privateKey, eventBody(200))).map((delivery) => {
  const { id, timestamp, signatures } = parseSignatureHeaders(delivery.headers);
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), delivery.body]);
  return { ...delivery, signed, signature: signatures.v1a[0] };
});

const costs = await race(
  {
    'one crypto.verify': timed(inputs, CALLS, ({ signed, signature }) => {
      if (!verify(null, signed, publicKey, signature)) throw new Error('no');
    }),
    ours: timedAsync(inputs, CALLS, async ({ headers, body }) => {
      if (!(await strategy.verifyBody(parseSignatureHeaders(headers), body))) throw new Error('no');
    }),
  },
  QUICK ? { rounds: 20, warmUp: 5 } : { rounds: 200, warmUp: 10 },
);
process.send([
  ratioRow(
    'verify v1a with three unnamed keys',
    'one crypto.verify',
    speedRatio(costs, 'ours', 'one crypto.verify'),
    0.9,
  ),
]);
