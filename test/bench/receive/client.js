import { once } from 'node:events';
import { connect } from 'node:net';
import { eventBody, githubDelivery, hmacDelivery, stripeDelivery } from '../deliveries.js';

/** As many requests are under way at a time. */
const CONNECTIONS = 32;

/** How each sender signs its deliveries. */
const SENDERS = { gemini: hmacDelivery, stripe: stripeDelivery, github: githubDelivery };

/** Open connections by port. */
const pools = new Map();

/**
 * Sends deliveries that nobody has seen and waits for every answer. They are signed before the clock starts; requests are
 * written as bytes, since a client with more to do than the server would measure itself.
 */
async function send({ port, count, key, answer, sender = 'gemini', path = '/gemini/webhooks' }) {
  const signed = SENDERS[sender];
  const requests = Array.from({ length: count }, () => requestBytes(path, signed(key, eventBody(200))));
  const pool = await connected(port);
  const rest = stayAwake();
  const start = process.hrtime.bigint();
  await Promise.all(pool.map((connection) => drain(connection, requests, answer)));
  const nanoseconds = Number(process.hrtime.bigint() - start);
  rest();
  return nanoseconds;
}

/** Keeps this process from sleeping: to wake it would cost the server's writes more than all else that it does. */
function stayAwake() {
  let timer;
  const spin = () => {
    timer = setImmediate(spin);
  };
  spin();
  return () => clearImmediate(timer);
}

function requestBytes(path, { headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

async function connected(port) {
  const pool =
    pools.get(port) ?? Array.from({ length: CONNECTIONS }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
  if (!pools.has(port)) await Promise.all(pool.map((connection) => once(connection, 'connect')));
  pools.set(port, pool);
  return pool;
}

/** Sends one request after the other on a connection, until there are none left. */
function drain(connection, requests, answer) {
  return new Promise((resolve, reject) => {
    let received = '';
    const next = () => {
      const request = requests.pop();
      if (request) connection.write(request);
      else settle(resolve);
    };
    const onData = (chunk) => {
      received += chunk.latin1Slice();
      if (!isWhole(received)) return;
      if (!received.startsWith('HTTP/1.1 20') || !received.includes(answer)) return fail(new Error(received));
      received = '';
      next();
    };
    const fail = (error) => settle(() => reject(error));
    const onClose = () => fail(new Error('The server hung up.'));
    const settle = (how) => {
      connection.off('data', onData).off('error', fail).off('close', onClose);
      how();
    };
    connection.on('data', onData).on('error', fail).on('close', onClose);
    next();
  });
}

function isWhole(response) {
  const end = response.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /content-length: (\d+)/i.exec(response)?.[1];
  if (length === undefined) throw new Error(`An answer without a length: ${response}`);
  return response.length >= end + 4 + Number(length);
}

process.on('message', (order) => {
  send(order).then(
    (nanoseconds) => process.send({ nanoseconds }),
    (error) => process.send({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
