import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { parseEvent } from '../../build/events/parse-event.js';
import { HmacStrategy } from '../../build/signature/hmac.strategy.js';
import { checkTimestamp, parseSignatureHeaders } from '../../build/signature/signature-headers.js';
import { SignatureVerifier } from '../../build/signature/signature-verifier.js';
import { eventBody, hmacDelivery } from './deliveries.js';
import { QUICK, race, ratioRow, speedRatio, timed, timedAsync } from './harness.js';

const SIZES = [
  { label: '200 B', bytes: 200, calls: 1000, target: 0.85 },
  { label: '64 KiB', bytes: 65_536, calls: 16, target: 0.9 },
];

const key = randomBytes(32);
const secret = `whsec_${key.toString('base64')}`;
const toleranceSeconds = 300;
const strategy = new HmacStrategy({ secrets: [secret] });
const verifier = new SignatureVerifier({
  name: 'default',
  hmac: { secrets: [secret] },
  jwks: false,
  strategies: [],
  toleranceSeconds,
  bodyLimitBytes: 262_144,
  binding: false,
});
const standard = new StandardWebhook(secret);
const svix = new SvixWebhook(secret);

/** The least that verifying and reading a delivery can be: no check of any form, no tolerance, one key, one entry. */
function bare({ headers, body }) {
  const expected = createHmac('sha256', key)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
    .update(body)
    .digest();
  if (!timingSafeEqual(expected, Buffer.from(headers['webhook-signature'].slice(3), 'base64'))) throw new Error('no');
  return JSON.parse(body.toString());
}

/** What is done to a delivery until it is known to be Gemini's and can be read. */
function ours({ headers, body, params }) {
  const parsed = parseSignatureHeaders(headers);
  checkTimestamp(parsed.seconds, toleranceSeconds, Math.floor(Date.now() / 1000));
  if (!strategy.verify(parsed, body, params)) throw new Error('no');
  return parseEvent(body);
}

const rows = [];
for (const { label, bytes, calls, target } of SIZES) {
  const inputs = Array.from({ length: 64 }, () => hmacDelivery(key, eventBody(bytes)));
  const costs = await race(
    {
      'bare node:crypto': timed(inputs, calls, bare),
      ours: timed(inputs, calls, ours),
      'whole verifier': timedAsync(inputs, calls, (input) => verifier.verify(input)),
      standardwebhooks: timed(inputs, calls, ({ headers, body }) => standard.verify(body, headers)),
      svix: timed(inputs, calls, ({ headers, body }) => svix.verify(body, headers)),
    },
    QUICK ? { rounds: 20, warmUp: 10 } : { rounds: 300, warmUp: 40 },
  );
  const what = `verify v1 and parse, ${label}`;
  rows.push(
    ratioRow(what, 'bare node:crypto', speedRatio(costs, 'ours', 'bare node:crypto'), target),
    ratioRow(what, 'standardwebhooks', speedRatio(costs, 'ours', 'standardwebhooks')),
    ratioRow(what, 'svix', speedRatio(costs, 'ours', 'svix')),
    ratioRow(
      `${what}, and make the GeminiEvent`,
      'bare node:crypto',
      speedRatio(costs, 'whole verifier', 'bare node:crypto'),
    ),
  );
}
process.send(rows);
