import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectedReport } from './expected-report.js';
import { Host } from './host.js';

describe.each([
  {
    title: 'a Nest 12 ESM app',
    template: 'nest-12-esm',
    boots: [{ tsconfig: 'tsconfig.json', adapter: 'fastify', options: {} }],
  },
  {
    title: 'a Nest 11 CommonJS app',
    template: 'nest-11-cjs',
    boots: [
      { tsconfig: 'tsconfig.json', adapter: 'express', options: {} },
      { tsconfig: 'tsconfig.json', adapter: 'express', options: { rawBody: true } },
      { tsconfig: 'tsconfig.json', adapter: 'express', options: { bodyParser: false } },
      { tsconfig: 'tsconfig.json', adapter: 'fastify', options: {} },
      { tsconfig: 'tsconfig.json', adapter: 'fastify', options: { rawBody: true } },
      { tsconfig: 'tsconfig.json', adapter: 'fastify', options: { bodyParser: false } },
      { tsconfig: 'tsconfig.node10.json', adapter: 'express', options: {} },
    ],
  },
  {
    title: 'an app on the lowest Nest supported',
    template: 'nest-11-cjs',
    nest: '11.1.4',
    dependencies: { '@nestjs/config': '4.0.4' },
    boots: [
      { tsconfig: 'tsconfig.json', adapter: 'express', options: {} },
      { tsconfig: 'tsconfig.json', adapter: 'fastify', options: {} },
    ],
  },
])('$title', ({ template, nest, dependencies, boots }) => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.install(template, { ...(nest !== undefined && { nest }), ...(dependencies && { dependencies }) });
  });

  it.each(boots)(
    'compiled with $tsconfig receives a delivery of each scheme on $adapter with $options',
    async ({ tsconfig, adapter, options }) => {
      // Express parses nothing unless told to; Fastify always does.
      const parsesBodies = adapter === 'fastify' || !('bodyParser' in options);

      expect(await host.boot(tsconfig, adapter, options)).toEqual(expectedReport({ parsesBodies }));
    },
  );

  it('has the same exports by require and import', async () => {
    const names = "names => console.log(Object.keys(names).filter((name) => name !== 'module.exports').sort().join())";

    const required = await host.node('--input-type=commonjs', '-e', `(${names})(require('nestjs-gemini-webhooks'))`);
    const imported = await host.node('--input-type=module', '-e', `(${names})(await import('nestjs-gemini-webhooks'))`);

    expect(required).toContain('GeminiWebhooksModule');
    expect(required).toBe(imported);
  });

  it('describes each module instance in its OpenAPI document', async () => {
    const { paths, excluded } = JSON.parse(
      await host.node('--input-type=module', '-e', DESCRIBE_ITSELF),
    ) as OpenApiDocuments;
    const operations = Object.values(paths).map(({ post }) => post);

    expect(Object.keys(paths)).toEqual(['/api/gemini/webhooks', '/api/tenants/{tenant}']);
    expect(operations.map(({ operationId }) => operationId)).toEqual([
      'receiveGeminiWebhook',
      'receiveGeminiWebhook_tenant-b',
    ]);
    for (const { responses, parameters, requestBody } of operations) {
      const types = Object.entries(responses).map(([status, { content }]) => [status, Object.keys(content)]);
      expect(Object.fromEntries(types)).toEqual(documentedAnswers());
      expect(parameters.map(({ in: place, name }) => `${place} ${name}`)).toEqual(
        expect.arrayContaining(['header webhook-id', 'header webhook-timestamp', 'header webhook-signature']),
      );
      expect(Object.keys(requestBody.content)).toEqual(['application/json']);
    }
    expect(operations[1]!.parameters).toContainEqual(expect.objectContaining({ in: 'path', name: 'tenant' }));
    expect(
      operations[0]!.responses['401']!.content['application/problem+json']!.schema.properties['code']!.enum,
    ).toEqual(['signature_mismatch']);
    expect(excluded).toEqual([]);
  });

  it.each([
    { store: 'redis', command: 'npm install bullmq ioredis' },
    { store: 'postgres', command: 'npm install bullmq pg' },
  ])('without a driver for $store stops at start and names the command: $command', async ({ store, command }) => {
    const said = await host.node('--input-type=module', '-e', startingOn(`${store}://127.0.0.1:1/1`));

    expect(said).toContain('invalid_option bullmqInbox needs');
    expect(said).toContain(command);
  });
});

describe('a CommonJS Jest test of a Nest 11 app', () => {
  it('passes with the documented configuration', async () => {
    const host = await Host.install('nest-11-cjs');

    await expect(host.node(join('node_modules', 'jest', 'bin', 'jest.js'), '--ci')).resolves.toBeDefined();
  });
});

interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody: { readonly content: Readonly<Record<string, object>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content: Readonly<
          Record<
            string,
            { readonly schema: { readonly properties: Readonly<Record<string, { readonly enum?: unknown }>> } }
          >
        >;
      }
    >
  >;
}

interface OpenApiDocuments {
  readonly paths: Readonly<Record<string, { readonly post: OpenApiOperation }>>;
  /** Paths of an app that excludes the controller. */
  readonly excluded: readonly string[];
}

/** Returns the media types by status, as the table of docs/answers.md has them. */
function documentedAnswers(): Record<string, string[]> {
  const rows = readFileSync('docs/answers.md', 'utf8').matchAll(/^\| (\d{3}) \| (`?)/gm);
  return Object.fromEntries(
    [...rows].map(([, status, code]) => [status, [code === '' ? 'application/json' : 'application/problem+json']]),
  );
}

/** A program that prints the OpenAPI documents of two apps. */
const DESCRIBE_ITSELF = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { ApiExcludeController, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
  import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
  const settings = { hmac: { secrets: 'whsec_' + Buffer.alloc(32).toString('base64') }, jwks: false, gemini: false };
  const documentOf = async (...options) => {
    class AppModule {}
    Module({ imports: options.map((one) => GeminiWebhooksModule.forRoot({ ...settings, ...one })) })(AppModule);
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    app.setGlobalPrefix('api');
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    await app.close();
    return document.paths;
  };
  const paths = await documentOf({}, { name: 'tenant-b', path: 'tenants/:tenant' });
  const excluded = Object.keys(await documentOf({ decorators: [ApiExcludeController()] }));
  console.log(JSON.stringify({ paths, excluded }));
`;

/** A program that starts an app on a durable inbox, and prints with which error that ends. */
function startingOn(url: string): string {
  return `
    import 'reflect-metadata';
    import { Module } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
    import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
    class AppModule {}
    const inbox = bullmqInbox({ url: '${url}' });
    const hmac = { secrets: 'whsec_' + Buffer.alloc(32).toString('base64') };
    Module({ imports: [GeminiWebhooksModule.forRoot({ hmac, jwks: false, gemini: false, inbox })] })(AppModule);
    await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false }).then(
      (app) => app.close(),
      ({ code, message }) => console.log(code, message),
    );
  `;
}
