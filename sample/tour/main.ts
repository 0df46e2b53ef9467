import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import { merge } from 'rxjs';
import { DemoLogger } from './demo/demo-logger.js';
import { DemoGemini } from './demo/gemini.js';
import { LOOPBACK } from './demo/loopback-server.js';
import { HELP, readOptions, type DemoOptions } from './demo/options.js';
import { asExpected } from './demo/outcome.js';
import { demoScenes } from './demo/scenes.js';
import { sendAgainCommand } from './demo/send-again.js';
import { inlineStage, stagedModule, type Stage } from './demo/stage.js';
import { printSummary } from './demo/summary.js';
import { Terminal } from './demo/terminal.js';
import { Tunnel } from './demo/tunnel.js';
import { walkThrough } from './demo/walk-through.js';
import { Orders } from './orders.js';

const ROUTE = '/gemini/webhooks';
/** Long enough for a webhook to come first on a slow machine. */
const RECONCILE_AFTER_MS = 3_000;

const terminal = new Terminal(process.stdout);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) terminal.print(HELP);
  else await demo(options);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

/** All that is not the app. */
interface Scenery {
  readonly tunnel: Tunnel;
  readonly gemini: DemoGemini;
  readonly stage: Stage;
  /** Ends and removes all of it. */
  end(): Promise<void>;
}

async function demo(options: DemoOptions): Promise<void> {
  const tunnel = await Tunnel.open(terminal);
  const gemini = await DemoGemini.start(tunnel.url + ROUTE);
  let stage: Stage | undefined;
  const end = async () => {
    await stage?.close();
    await gemini.close();
  };
  try {
    stage = await openStage(options.inbox);
    await show({ tunnel, gemini, stage, end }, options);
  } catch (error) {
    await end();
    throw error;
  }
}

async function openStage(inbox: DemoOptions['inbox']): Promise<Stage> {
  if (inbox === 'inline') return inlineStage();
  // Imported when it is wanted: the inline demo has no use for BullMQ.
  const { durableStage } = await import('./demo/durable/durable-stage.js');
  return durableStage(inbox, terminal);
}

async function show(scenery: Scenery, options: DemoOptions): Promise<void> {
  const { tunnel, gemini, stage, end } = scenery;
  Object.assign(process.env, {
    ...gemini.environment,
    GEMINI_WEBHOOK_PATH: ROUTE.slice(1),
    GEMINI_WEBHOOK_PUBLIC_URL: tunnel.url,
    GEMINI_WEBHOOK_BINDING_SECRET: randomBytes(32).toString('base64'),
    JOBS_RECONCILE_AFTER_MS: String(RECONCILE_AFTER_MS),
    ...stage.environment,
  });

  // Imported now, because what shapes the route is read from the environment when the module is defined.
  const { AppModule } = await import('./app.module.js');
  const logger = new DemoLogger(terminal);
  const app = await NestFactory.create(stagedModule(AppModule, end), { logger, abortOnError: false });
  // An end that was asked for is no failure: exit code 0 instead of death by the signal.
  app.enableShutdownHooks([], { useProcessExit: !options.once });
  try {
    await tour(app, scenery, logger, options);
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function tour(
  app: INestApplication,
  { tunnel, gemini, stage }: Scenery,
  logger: DemoLogger,
  { once, port }: DemoOptions,
): Promise<void> {
  await app.listen(port, LOOPBACK).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen on ${LOOPBACK}:${port} (${cause.code}). Give another --port, or none.`, { cause });
  });
  const failed$ = await stage.start(app, logger);
  tunnel.leadTo(`http://${LOOPBACK}:${new URL(await app.getUrl()).port}`);
  const webhookUri = tunnel.url + ROUTE;
  terminal.print(`Gemini is simulated at ${gemini.url}. It reaches the app at ${webhookUri}.\n`);

  const scenes = stage.scenes(demoScenes({ gemini, orders: app.get(Orders), webhookUri }));
  const observed = {
    answers$: tunnel.answers$,
    handlers$: merge(logger.handlers$, failed$),
    lookups: () => gemini.lookups,
    settled: () => stage.settled(),
  };
  const results = await walkThrough(scenes, observed, terminal);
  printSummary(results, terminal);

  if (once) {
    process.exitCode = results.every(asExpected) ? 0 : 1;
    await app.close();
    return;
  }
  stage.follow();
  terminal.print(`\nThe app stays up. Send it a webhook yourself, from this folder in another terminal:\n`);
  terminal.print(`  ${sendAgainCommand(webhookUri, gemini.secret)}\n`);
  terminal.print('A second time it is a duplicate; with another id it is new. Ctrl+C ends the app.\n');
}
