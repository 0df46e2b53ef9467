import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** Runs the app with a Sentry on loopback, and prints the envelopes that it received and what the app said. */
const envelopes = [];
const sentry = createServer(async (request, response) => {
  const chunks = await request.toArray();
  const body = Buffer.concat(chunks);
  envelopes.push((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString());
  response.end('{}');
});
await once(sentry.listen(0, '127.0.0.1'), 'listening');

const env = {
  ...process.env,
  SENTRY_DSN: `http://public@127.0.0.1:${sentry.address().port}/1`,
  SENTRY_TRACES_SAMPLE_RATE: '1',
};
const args = ['--import', './instrument.js', 'sentry-app.js'];
const app = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
const [said, [exitCode]] = await Promise.all([app.stdout.toArray(), once(app, 'close')]);
sentry.close();
sentry.closeAllConnections();
console.log(JSON.stringify({ ...JSON.parse(Buffer.concat(said).toString()), envelopes }));
process.exitCode = exitCode;
