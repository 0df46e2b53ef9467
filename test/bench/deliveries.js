import { createHmac, randomUUID, sign } from 'node:crypto';

/** An event of about `bytes` bytes, about a job that no other one is about. */
export function eventBody(bytes) {
  const event = {
    type: 'batch.succeeded',
    version: 'v1',
    timestamp: '2026-01-22T12:00:00Z',
    data: { id: `batches/${randomUUID()}`, output_file_uri: 'files/output' },
  };
  const rest = bytes - Buffer.byteLength(JSON.stringify(event));
  if (rest > 1024) event.data.results = Array.from({ length: Math.floor(rest / 64) }, (_, key) => entry(key));
  return Buffer.from(JSON.stringify(event));
}

/** 63 bytes of JSON, and the comma after it. */
function entry(key) {
  return { key: `request-${String(key).padStart(6, '0')}`, tokens: 1234, reason: 'STOP' };
}

/** Headers and body of a delivery that the secret signs, as Node's server hands them on. */
export function hmacDelivery(key, body) {
  return delivery(body, (signed) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
}

/** The same, signed with an Ed25519 key. */
export function ed25519Delivery(privateKey, body) {
  return delivery(body, (signed) => `v1a,${sign(null, signed, privateKey).toString('base64')}`);
}

/** The same event as Stripe would sign it, with the whole secret as the key. */
export function stripeDelivery(key, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', secretOf(key)).update(`${timestamp}.`).update(body).digest('hex');
  return { headers: { ...plainHeaders(body), 'stripe-signature': `t=${timestamp},v1=${signature}` }, body };
}

/** The same as GitHub would. */
export function githubDelivery(key, body) {
  const signature = createHmac('sha256', secretOf(key)).update(body).digest('hex');
  const headers = {
    'x-github-delivery': randomUUID(),
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${signature}`,
  };
  return { headers: { ...plainHeaders(body), ...headers }, body };
}

function secretOf(key) {
  return `whsec_${key.toString('base64')}`;
}

function plainHeaders(body) {
  return { host: '127.0.0.1', 'content-type': 'application/json', 'content-length': String(body.length) };
}

function delivery(body, signatureOf) {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const headers = {
    ...plainHeaders(body),
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureOf(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])),
  };
  return { headers, body, url: '/gemini/webhooks', params: {} };
}
