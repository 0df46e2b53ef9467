import type { INestApplication } from '@nestjs/common';
import { GeminiFailedEvents } from 'nestjs-gemini-webhooks';
import { randomUUID } from 'node:crypto';
import type { DemoLogger } from '../demo-logger.js';
import { startFlakyPager } from '../flaky-pager.js';
import type { DemoOptions } from '../options.js';
import type { Stage } from '../stage.js';
import type { Terminal } from '../terminal.js';
import { until } from '../until.js';
import { durableScenes } from './durable-scenes.js';
import { InboxQueue } from './inbox-queue.js';
import { openStore } from './store.js';
import { WorkerProcess } from './worker-process.js';

/** Events are stored by the app and handled by a worker in a process of its own, which is killed once. */
export async function durableStage(inbox: DemoOptions['inbox'], terminal: Terminal): Promise<Stage> {
  const store = await openStore(inbox, terminal);
  const name = `gemini-webhooks-demo-${randomUUID().slice(0, 8)}`;
  const queue = await InboxQueue.open(store.url, name).catch(async (error: unknown) => {
    await store.end();
    throw error;
  });
  let worker: WorkerProcess | undefined;
  let closing: Promise<void> | undefined;
  let accident: Promise<void> = Promise.resolve();

  const killWorker = async (running: WorkerProcess) => {
    // Not before it is written down that the other method has succeeded, which is what is shown here.
    await queue.checkpointed('AuditHandlers.record');
    await running.kill();
    terminal.entry('failure', 'the worker', 'killed in the middle of BatchHandlers.alert (SIGKILL)');
    await running.start();
    terminal.entry('note', 'the worker', 'started again; it takes over what has shown no sign of life');
  };
  const end = async () => {
    await worker?.end();
    await queue.remove();
    await store.end();
  };
  const pager = await startFlakyPager(['down', 'well', 'held'], () => {
    if (worker) accident = killWorker(worker);
    accident.catch(() => undefined);
  });

  return {
    environment: {
      GEMINI_WEBHOOK_INBOX_URL: store.url,
      INBOX_QUEUE: name,
      INBOX_WORKERS: 'false',
      INBOX_RETRY_MS: '400',
      INBOX_LOCK_MS: '1000',
      PAGER_URL: pager,
    },
    async start(app: INestApplication, logger: DemoLogger) {
      worker = new WorkerProcess(logger);
      await worker.start();
      await inboxReady(app);
      return worker.failed$;
    },
    scenes: durableScenes,
    async settled() {
      worker?.read();
      await queue.idle();
      await accident;
      await worker?.pause();
    },
    follow: () => worker?.read(),
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** The app starts without its store: until that is there, Gemini would be asked to come again. */
async function inboxReady(app: INestApplication): Promise<void> {
  const failedEvents = app.get(GeminiFailedEvents);
  const isReady = () =>
    failedEvents.list({ limit: 1 }).then(
      () => true,
      () => false,
    );
  await until(isReady, 'The inbox does not get hold of its store.');
}
