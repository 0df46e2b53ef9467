import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GeminiJobs } from 'nestjs-gemini-webhooks';
import { randomBytes } from 'node:crypto';
import { merge } from 'rxjs';
import { demoDeliveries } from './demo/deliveries.js';
import { DemoLogger } from './demo/demo-logger.js';
import { GeminiSide } from './demo/gemini-side.js';
import { LOOPBACK } from './demo/loopback-server.js';
import { HELP, readOptions, type DemoOptions } from './demo/options.js';
import { asExpected } from './demo/outcome.js';
import { sendAgainCommand } from './demo/send-again.js';
import { inlineStage, stagedModule, type Stage } from './demo/stage.js';
import { printSummary } from './demo/summary.js';
import { Terminal } from './demo/terminal.js';
import { walkThrough } from './demo/walk-through.js';

const terminal = new Terminal(process.stdout);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) terminal.print(HELP);
  else await demo(options);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function demo(options: DemoOptions): Promise<void> {
  const stage = await openStage(options.inbox);
  try {
    await show(stage, options);
  } catch (error) {
    await stage.close();
    throw error;
  }
}

async function openStage(inbox: DemoOptions['inbox']): Promise<Stage> {
  if (inbox === 'inline') return inlineStage();
  // Imported when it is wanted: the inline demo has no use for BullMQ.
  const { durableStage } = await import('./demo/durable/durable-stage.js');
  return durableStage(inbox, terminal);
}

async function show(stage: Stage, options: DemoOptions): Promise<void> {
  const gemini = await GeminiSide.start();
  Object.assign(process.env, {
    GEMINI_WEBHOOK_SECRET: gemini.secret,
    GEMINI_WEBHOOK_JWKS_URL: gemini.keySetUrl,
    GEMINI_WEBHOOK_PATH: 'gemini/webhooks',
    GEMINI_WEBHOOK_PUBLIC_URL: 'https://sample.example.com',
    GEMINI_WEBHOOK_BINDING_SECRET: randomBytes(32).toString('base64'),
    ...stage.environment,
  });

  // Imported now, because what shapes the route is read from the environment when the module is defined.
  const { AppModule } = await import('./app.module.js');
  const logger = new DemoLogger(terminal);
  const app = await NestFactory.create(stagedModule(AppModule, stage), { logger, abortOnError: false });
  // An end that was asked for is no failure: exit code 0 instead of death by the signal.
  app.enableShutdownHooks([], { useProcessExit: !options.once });
  try {
    await tour(app, stage, gemini, logger, options);
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function tour(
  app: INestApplication,
  stage: Stage,
  gemini: GeminiSide,
  logger: DemoLogger,
  { once, port }: DemoOptions,
): Promise<void> {
  await app.listen(port, LOOPBACK).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen on ${LOOPBACK}:${port} (${cause.code}). Give another --port, or none.`, { cause });
  });
  const failed$ = await stage.start(app, logger);
  const url = `${await app.getUrl()}/gemini/webhooks`;
  terminal.print(`The app listens at ${url}, Google's keys are at ${gemini.keySetUrl}.\n`);

  // What an app with a key gives to the SDK: `ai.models.generateVideos({ …, config: { webhookConfig } })`.
  const webhookConfig = await app.get(GeminiJobs).webhookConfig({ metadata: { order: 'A-17' } });
  const deliveries = stage.deliveries(demoDeliveries(url, gemini, webhookConfig));
  const ran$ = merge(logger.handlers$, failed$);
  const results = await walkThrough(deliveries, gemini, ran$, terminal, () => stage.settled());
  printSummary(results, terminal);

  if (once) {
    process.exitCode = results.every(asExpected) ? 0 : 1;
    await app.close();
    return;
  }
  stage.follow();
  terminal.print(`\nThe app stays up at ${url}. Send it one yourself, from this folder in another terminal:\n`);
  terminal.print(`  ${sendAgainCommand(url, gemini.secret)}\n`);
  terminal.print('A second time it is a duplicate; with another id it is new. Ctrl+C ends the app.\n');
}
