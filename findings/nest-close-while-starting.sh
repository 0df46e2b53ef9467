#!/usr/bin/env bash
# @nestjs/core 12.5.1: close() of an HTTP application that is still starting shuts it down, and then it starts to listen.
#
# Valid input: app.close() while app.listen() waits for a provider's onModuleInit. Seen, on Express: the shutdown hooks run and close()
# resolves. Then onModuleInit ends, onApplicationBootstrap runs, listen() resolves, and the port answers requests of an app whose
# providers are destroyed. On Fastify, listen() rejects with an error about setNotFoundHandler. A second close() closes the port and runs
# the shutdown hooks again.
# A comment in Nest says "A shutdown that arrives during initialization waits for it to settle", and a testing module's close() does wait.
# But NestApplication.init() overrides NestApplicationContext.init(), which sets the promise to wait for. 11.2.10 behaves the same.
# A supervisor or a test timeout that closes an app too early leaves a server on closed connections.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @nestjs/common@12.5.1 @nestjs/core@12.5.1 \
  @nestjs/platform-express@12.5.1 @nestjs/platform-fastify@12.5.0 @nestjs/testing@12.1.1 reflect-metadata@0.2.2 rxjs@7.8.2 > /dev/null 2>&1
cat > run.mjs <<'JS'
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';

/** Closes what `create` gives while a provider's onModuleInit waits, and returns what happened in which order. */
async function closedWhileStarting(create, start) {
  const order = [];
  let goOn;
  let reach;
  const gate = new Promise((resolve) => (goOn = resolve));
  const isWaiting = new Promise((resolve) => (reach = resolve));
  class Database {
    async onModuleInit() {
      reach();
      await gate;
      order.push('init');
    }
    onApplicationBootstrap() {
      order.push('bootstrap');
    }
    onModuleDestroy() {
      order.push('destroy');
    }
  }
  class AppModule {}
  Module({ providers: [Database] })(AppModule);
  const app = await create(AppModule);
  const started = start(app).then(
    () => order.push('started'),
    () => order.push('failed to start'),
  );
  await isWaiting;
  const closed = app.close().then(() => order.push('closed'));
  // Time enough for a close() that does not wait.
  await Promise.race([closed, new Promise((passed) => setTimeout(passed, 3000))]);
  goOn();
  await Promise.all([started, closed]);
  const server = app.getHttpServer?.();
  const status = server?.listening ? (await fetch(`http://127.0.0.1:${server.address().port}/`)).status : 'closed';
  await app.close();
  return `${order.join(', ')}; port: ${status}`;
}

const http = (Adapter) => (AppModule) => NestFactory.create(AppModule, new Adapter(), { logger: false });
const listen = (app) => app.listen(0, '127.0.0.1');
const seen = {
  express: await closedWhileStarting(http(ExpressAdapter), listen),
  fastify: await closedWhileStarting(http(FastifyAdapter), listen),
  testingModule: await closedWhileStarting(
    (AppModule) => Test.createTestingModule({ imports: [AppModule] }).compile(),
    (module) => module.init(),
  ),
};
console.log(seen);
const isAsSeen =
  seen.express === 'destroy, closed, init, bootstrap, started, destroy; port: 404' &&
  seen.fastify.startsWith('destroy, closed, init, failed to start') &&
  /^init, bootstrap, .*destroy/.test(seen.testingModule);
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs
