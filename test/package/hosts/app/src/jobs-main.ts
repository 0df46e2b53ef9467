import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { GeminiJobs, GeminiWebhooksModule, OnGeminiEvent, type GeminiEvent } from 'nestjs-gemini-webhooks';
import { GeminiSimulator } from 'nestjs-gemini-webhooks/testing';
import { setTimeout as tick } from 'node:timers/promises';
import { JOB_SUITE } from './job-suite.js';

const NEVER = { batch: Infinity, video: Infinity, interaction: Infinity };
const ALL_HEARD_WITHIN_MS = 20_000;

/** What the handler got: type and strategy of each event. */
@Injectable()
class Heard {
  readonly list: string[] = [];

  @OnGeminiEvent('*', { name: 'heard' })
  hear(event: GeminiEvent) {
    this.list.push(`${event.type} ${event.delivery.strategy}`);
  }
}

@Module({})
class JobsModule {
  static register(options: Parameters<typeof GeminiWebhooksModule.forRoot>[0]): DynamicModule {
    return { module: JobsModule, imports: [GeminiWebhooksModule.forRoot(options)], providers: [Heard] };
  }
}

/**
 * Runs the job suite as `jobs-main <adapter> [<the inbox's URL> <its queue>]` says, with webhooks and without, and prints
 * its report.
 */
async function main([adapterName, url, queueName]: string[]): Promise<void> {
  const versions = new Set<string>();
  const byWebhook = await report(adapterName, { url, queueName: `${queueName}-webhook` }, versions, 'webhook');
  const byPoll = await report(adapterName, { url, queueName: `${queueName}-poll` }, versions, 'poll');
  process.stdout.write(`${JSON.stringify({ apiVersions: [...versions], byWebhook, byPoll })}\n`);
}

async function report(
  adapterName: string,
  { url, queueName }: { readonly url: string | undefined; readonly queueName: string },
  versions: Set<string>,
  endsBy: 'webhook' | 'poll',
): Promise<object> {
  const gemini = await GeminiSimulator.start({ durations: NEVER, videoEvent: 'interaction.completed' });
  if (endsBy === 'poll') gemini.inject({ fault: 'lose' });
  const bullmq = url === undefined ? undefined : await import('nestjs-gemini-webhooks/bullmq');
  const inbox = bullmq?.bullmqInbox({ url, queueName });
  const reconcile = endsBy === 'poll' ? { afterMs: 200, maxIntervalMs: 200 } : {};
  const app = await NestFactory.create(
    JobsModule.register({
      ...(inbox && { inbox }),
      gemini: recording(gemini, versions),
      jwks: { url: gemini.jwksUrl },
      binding: { secret: 'a binding secret of this host' },
      jobs: { reconcile },
    }),
    adapterName === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
    { logger: ['error'], abortOnError: false },
  );
  await app.listen(0, '127.0.0.1');
  try {
    const route = { uri: `${await app.getUrl()}/gemini/webhooks` };
    const due: string[] = [];
    const ends: Record<string, object> = {};
    for (const [kind, run] of Object.entries(JOB_SUITE)) {
      ends[kind] = await run({ jobs: app.get(GeminiJobs), gemini, route, isPolled: endsBy === 'poll', due });
    }
    return { ...ends, heard: await heardBy(app.get(Heard), due.length) };
  } finally {
    await app.close();
    await gemini.close();
  }
}

/** Everything that the handler heard, once it has heard of every end that has an event. */
async function heardBy({ list }: Heard, due: number): Promise<string[]> {
  for (const deadline = Date.now() + ALL_HEARD_WITHIN_MS; list.length < due && Date.now() < deadline;) await tick(20);
  return [...list].sort();
}

/** The simulator's client options, with the API versions that the SDK asks for written down. */
function recording({ clientOptions }: GeminiSimulator, versions: Set<string>) {
  const { fetch: send, ...httpOptions } = clientOptions.httpOptions;
  const record: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const version = /\/(v1\w*)\//.exec(url.pathname)?.[1];
    if (version !== undefined && !url.pathname.startsWith('/upload/')) versions.add(version);
    return send(input, init);
  };
  return { ...clientOptions, httpOptions: { ...httpOptions, fetch: record } };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
