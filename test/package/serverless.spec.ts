import { beforeAll, describe, expect, it } from '@jest/globals';
import { Host } from './host.js';

let host: Host;

beforeAll(async () => {
  host = await Host.install('hosted');
});

describe.each([
  { deployedTo: 'functions-framework', adapter: 'express' },
  { deployedTo: 'functions-framework', adapter: 'fastify' },
  { deployedTo: 'firebase-functions', adapter: 'express' },
  { deployedTo: 'firebase-functions', adapter: 'fastify' },
  { deployedTo: 'serverless-express', adapter: 'express' },
  { deployedTo: 'serverless-http', adapter: 'express' },
  { deployedTo: 'serverless-http', adapter: 'fastify' },
  { deployedTo: 'aws-lambda-fastify', adapter: 'fastify' },
])('a function of $deployedTo on $adapter', ({ deployedTo, adapter }) => {
  it('handles a signed delivery, and refuses a forged one and one of another type', async () => {
    const report = JSON.parse(await host.runFunction(deployedTo, adapter)) as unknown;
    const ofTheApp = ['global guard http', 'global interceptor http'];
    // On Express our guard refuses it, so that the app sees the request.
    const whenRefused = adapter === 'express' ? ['global guard http'] : [];

    expect(report).toEqual({
      signed: { status: 200, said: 'processed', ran: [...ofTheApp, 'handler batch.succeeded hmac one'] },
      inBase64: { status: 200, said: 'processed', ran: [...ofTheApp, 'handler batch.succeeded hmac two'] },
      forged: { status: 401, said: 'signature_mismatch', ran: ['global guard http'] },
      ofAnotherType: { status: 415, said: 'unsupported_media_type', ran: whenRefused },
    });
  });
});
