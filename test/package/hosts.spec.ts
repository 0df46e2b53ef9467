import { beforeAll, describe, expect, it } from '@jest/globals';
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
    boots: [
      { tsconfig: 'tsconfig.json', adapter: 'express', options: {} },
      { tsconfig: 'tsconfig.json', adapter: 'fastify', options: {} },
    ],
  },
])('$title', ({ template, nest, boots }) => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.install(template, nest);
  });

  it.each(boots)(
    'compiled with $tsconfig gets a delivery of each scheme on $adapter with $options',
    async ({ tsconfig, adapter, options }) => {
      // Express parses nothing unless told to; Fastify always does.
      const parsesBodies = adapter === 'fastify' || !('bodyParser' in options);

      expect(await host.boot(tsconfig, adapter, options)).toEqual(expectedReport({ parsesBodies }));
    },
  );

  it('gets the same exports by require and by import', async () => {
    const names = "names => console.log(Object.keys(names).filter((name) => name !== 'module.exports').sort().join())";

    const required = await host.node('--input-type=commonjs', '-e', `(${names})(require('nestjs-gemini-webhooks'))`);
    const imported = await host.node('--input-type=module', '-e', `(${names})(await import('nestjs-gemini-webhooks'))`);

    expect(required).toContain('GeminiWebhooksModule');
    expect(required).toBe(imported);
  });

  it.each([
    { store: 'redis', command: 'npm install bullmq ioredis' },
    { store: 'postgres', command: 'npm install bullmq pg' },
  ])('that has no driver for $store is told at start: $command', async ({ store, command }) => {
    const said = await host.node('--input-type=module', '-e', startingOn(`${store}://127.0.0.1:1/none`));

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
