import { Controller, HttpCode, Injectable, Post, Req } from '@nestjs/common';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const PINNED = { '@golevelup/nestjs-stripe': '1.1.1', stripe: '20.4.1', '@octokit/webhooks': '14.2.0' };

/** Within our `node_modules`, so that the peers find the Nest that we use: `@golevelup/nestjs-stripe` asks for Nest 11. */
const folder = fileURLToPath(new URL('../../../node_modules/.cache/bench-peers/', import.meta.url));

/** Installs the peers where only this benchmark finds them: 20 MB that nothing else of the project needs. */
export async function installPeers() {
  if (existsSync(`${folder}node_modules/@octokit/webhooks`)) return;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}package.json`, JSON.stringify({ private: true, dependencies: PINNED }));
  const options = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--no-package-lock'];
  await promisify(execFile)('npm', ['install', '--prefix', folder, ...options]);
}

const require = createRequire(folder);

/** The module of `@golevelup/nestjs-stripe`, with one handler that does nothing. */
export function stripeApp(secret) {
  const { StripeModule, StripeWebhookHandler } = require('@golevelup/nestjs-stripe');
  class NoOpStripeHandlers {
    handle() {}
  }
  const handle = Object.getOwnPropertyDescriptor(NoOpStripeHandlers.prototype, 'handle');
  StripeWebhookHandler('batch.succeeded')(NoOpStripeHandlers.prototype, 'handle', handle);
  Injectable()(NoOpStripeHandlers);
  const webhookConfig = {
    stripeSecrets: { account: secret, accountTest: secret },
    requestBodyProperty: 'rawBody',
    controllerPrefix: 'gemini/webhooks',
  };
  const imports = [StripeModule.forRoot({ apiKey: 'sk_test_none', webhookConfig })];
  return { imports, providers: [NoOpStripeHandlers] };
}

/** A Nest route that verifies and dispatches by `@octokit/webhooks`, with one handler that does nothing. */
export async function githubApp(secret) {
  const { Webhooks } = await import(pathToFileURL(require.resolve('@octokit/webhooks')).href);
  const webhooks = new Webhooks({ secret });
  webhooks.on('push', () => undefined);
  class GithubController {
    async receive({ headers, rawBody }) {
      await webhooks.verifyAndReceive({
        id: headers['x-github-delivery'],
        name: headers['x-github-event'],
        signature: headers['x-hub-signature-256'],
        payload: rawBody.toString(),
      });
      return { status: 'processed' };
    }
  }
  Controller('gemini/webhooks')(GithubController);
  const receive = Object.getOwnPropertyDescriptor(GithubController.prototype, 'receive');
  for (const decorate of [Post(), HttpCode(200)]) decorate(GithubController.prototype, 'receive', receive);
  Req()(GithubController.prototype, 'receive', 0);
  return { controllers: [GithubController] };
}
