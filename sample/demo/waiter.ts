import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { and, eq, isNotNull } from 'drizzle-orm';
import { GeminiJobs } from 'nestjs-gemini-webhooks';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { DATABASE, type Database } from '../database/database.js';
import { DatabaseModule } from '../database/database.module.js';
import { steps } from '../database/schema.js';
import { geminiWebhooks } from '../gemini-webhooks.js';
import { endWithParent } from '../process-end.js';
import { sampleSettings } from '../settings.js';

/** What a process that waits for a job tells the launcher. */
export type WaiterMessage = { readonly event: string } | { readonly problem: string };

const POLL_MS = 200;
const TIMEOUT_MS = 90_000;

/** Neither receives webhooks nor handles events: what it hears of a job, it hears by the shared inbox. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [sampleSettings] }),
    DatabaseModule,
    geminiWebhooks({ workers: false }),
  ],
})
class WaiterModule {}

const waiter = await NestFactory.createApplicationContext(WaiterModule);
waiter.enableShutdownHooks();
endWithParent(() => waiter.close());
process.send?.({ ready: true });
const [workflow] = (await once(process, 'message')) as [string];
process.send?.(await awaited(workflow).catch((error: Error): WaiterMessage => ({ problem: error.message })));
await waiter.close();
process.disconnect();

async function awaited(id: string): Promise<WaiterMessage> {
  const { type } = await waiter.get(GeminiJobs).waitFor(await jobOf(id), { timeoutMs: TIMEOUT_MS });
  return { event: type };
}

/** The job that the workflow has started, once it has. */
async function jobOf(id: string): Promise<string> {
  const database = waiter.get<Database>(DATABASE);
  for (;;) {
    const [step] = await database
      .select({ job: steps.jobId })
      .from(steps)
      .where(and(eq(steps.workflow, id), isNotNull(steps.jobId)))
      .limit(1);
    if (step?.job) return step.job;
    await pause(POLL_MS);
  }
}
