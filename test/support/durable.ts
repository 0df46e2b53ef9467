import { Injectable, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { bullmqInbox, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { OnGeminiEvent, type GeminiEvent, type GeminiHandlerContext } from '../../lib/index.js';
import type { InboxEngineFactory } from '../../lib/inbox/inbox-engine.js';
import { ADAPTERS, moduleOf, startApp, type RunningApp } from './apps.js';
import { openQueue, type InspectedQueue } from './queues.js';
import { deliver, staticWebhooks } from './static-webhooks.js';
import { until } from './until.js';

export const ACCEPTED = { status: 202, body: { status: 'accepted' } };

/** A queue of one test, opened by another client. */
export interface TestQueue {
  readonly url: string;
  readonly name: string;
  readonly queue: InspectedQueue;
}

const queues: TestQueue[] = [];
const contexts: INestApplicationContext[] = [];

export function testQueue(url: string, name = `e2e-${randomUUID()}`): TestQueue {
  const opened = { url, name, queue: openQueue(url, name) };
  queues.push(opened);
  return opened;
}

/** Removes all jobs. For `afterEach`, after the apps are closed. */
export async function removeTestQueues(): Promise<void> {
  for (const { url, name, queue } of queues.splice(0)) {
    for (const one of [queue, openQueue(url, `${name}-jobs`)]) {
      await (one as Queue).obliterate({ force: true });
      await one.close();
    }
  }
}

/** The inbox on a test's queue, with short waits between attempts. */
export function inboxOn({ url, name }: TestQueue, options: BullmqInboxOptions = {}): InboxEngineFactory {
  return bullmqInbox({ url, queueName: name, attempts: 3, backoff: { type: 'fixed', delay: 20 }, ...options });
}

/** Returns a provider with one handler that the test defines. */
export function handlerOf(
  name: string,
  script: (event: GeminiEvent, context: GeminiHandlerContext) => unknown = () => undefined,
  { timeoutMs }: { timeoutMs?: number } = {},
): Type {
  @Injectable()
  class Scripted {
    @OnGeminiEvent('*', { name, ...(timeoutMs !== undefined && { timeoutMs }) })
    run(event: GeminiEvent, context: GeminiHandlerContext): unknown {
      return script(event, context);
    }
  }
  return Scripted;
}

/** Starts a web app with a worker on the queue. */
export function startDurableApp(
  queue: TestQueue,
  providers: Type[],
  { adapter = ADAPTERS[0], ...options }: BullmqInboxOptions & { adapter?: (typeof ADAPTERS)[number] } = {},
): Promise<RunningApp> {
  return startApp({ imports: [staticWebhooks({ inbox: inboxOn(queue, options) })], providers }, { adapter });
}

/** Starts a worker without HTTP. */
export async function startWorker(
  queue: TestQueue,
  providers: Type[],
  options: BullmqInboxOptions = {},
): Promise<INestApplicationContext> {
  const module = moduleOf({
    imports: [staticWebhooks({ controller: false, inbox: inboxOn(queue, options) })],
    providers,
  });
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  contexts.push(context);
  return context;
}

/** For `afterEach`: no worker outlives its test. */
export async function closeWorkers(): Promise<void> {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
}

/** Sends the event until it is acknowledged, as Google does: also after a connection that ended without a response. */
export async function deliverUntilTaken(origin: string, what: Parameters<typeof deliver>[1] = {}): Promise<void> {
  await until(() =>
    deliver(origin, what).then(
      ({ status }) => status < 300,
      () => false,
    ),
  );
}
