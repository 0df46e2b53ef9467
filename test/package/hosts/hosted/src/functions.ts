import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { RequestListener } from 'node:http';
import type { Delivery } from './gemini.js';

const PATH = '/gemini/webhooks';
const require = createRequire(import.meta.url);

/** An app as it is deployed: what is called with a delivery, as the body itself or in base64. */
export interface Deployed {
  invoke(delivery: Delivery, isBase64: boolean): Promise<{ readonly status: number; readonly body: string }>;
  close?(): Promise<void>;
}

/** An instance of Express or of Fastify. */
type Instance = RequestListener & { readonly routing?: RequestListener };
type Lambda = (event: object, context: object) => Promise<{ readonly statusCode: number; readonly body: string }>;

/** Where the app can be deployed. */
export const FUNCTIONS: Readonly<Record<string, (instance: Instance) => Promise<Deployed>>> = {
  'functions-framework': (instance) => onFunctionsFramework(instance.routing ?? instance),
  'firebase-functions': async (instance) => {
    const { onRequest } = await import('firebase-functions/https');
    return onFunctionsFramework(onRequest(instance.routing ?? instance) as unknown as RequestListener);
  },
  'serverless-express': async (instance) => {
    const { configure } = require('@codegenie/serverless-express') as { configure(options: object): Lambda };
    return onLambda(configure({ app: instance }));
  },
  'serverless-http': async (instance) => {
    const { default: serverless } = await import('serverless-http');
    return onLambda(serverless(instance as never) as Lambda);
  },
  'aws-lambda-fastify': async (instance) => {
    const { default: awsLambdaFastify } = await import('@fastify/aws-lambda');
    return onLambda(awsLambdaFastify(instance as never) as unknown as Lambda);
  },
};

/** Google's own server in front of the function. It reads the body before the function is called. */
async function onFunctionsFramework(listener: RequestListener): Promise<Deployed> {
  http('webhooks', listener as never);
  const server = getTestServer('webhooks');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    invoke: async ({ headers, body }) => {
      const response = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: 'POST', headers, body });
      return { status: response.status, body: await response.text() };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** AWS Lambda behind an HTTP API of API Gateway, payload format 2.0. */
function onLambda(lambda: Lambda): Deployed {
  return {
    invoke: async (delivery, isBase64) => {
      const { statusCode, body } = await lambda(apiGatewayEvent(delivery, isBase64), { awsRequestId: 'one' });
      return { status: statusCode, body };
    },
  };
}

function apiGatewayEvent({ headers, body }: Delivery, isBase64Encoded: boolean): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: PATH,
    rawQueryString: '',
    headers: { ...headers, host: 'api.example.com', 'content-length': String(Buffer.byteLength(body)) },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: { method: 'POST', path: PATH, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'gemini' },
      requestId: 'one',
      routeKey: '$default',
      stage: '$default',
      time: '28/Nov/2026:00:00:00 +0000',
      timeEpoch: 1795824000000,
    },
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded,
  };
}
