import { ConsoleLogger, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { randomUUID } from 'node:crypto';
import 'reflect-metadata';
import { Gemini } from './gemini.js';

const HANDLED_WITHIN_MS = 15_000;

/** What the handler of orders got: its own identity, and the event. */
class Heard {
  readonly #list: string[] = [];
  #listener?: () => void;

  add(...words: string[]): void {
    this.#list.push(words.join(' '));
    this.#listener?.();
  }

  async first(): Promise<string> {
    const late = new Promise<never>((_, reject) =>
      setTimeout(reject, HANDLED_WITHIN_MS, new Error('not handled')).unref(),
    );
    const heard = new Promise<void>((resolve) => (this.#listener = resolve));
    if (this.#list.length === 0) await Promise.race([heard, late]);
    return this.#list[0];
  }
}

@Injectable()
class PaidOrders {
  constructor(private readonly heard: Heard) {}

  @OnGeminiEvent('batch.succeeded')
  publish(event: GeminiEvent, { handler }: GeminiHandlerContext) {
    this.heard.add(handler, event.type, event.delivery.strategy);
  }
}

@Module({})
class DurableModule {
  static register(options: Parameters<typeof GeminiWebhooksModule.forRoot>[0]): DynamicModule {
    return { module: DurableModule, imports: [GeminiWebhooksModule.forRoot(options)], providers: [Heard, PaidOrders] };
  }
}

/** Keeps the warnings and errors that the app logs. */
class Warnings extends ConsoleLogger {
  readonly list: string[] = [];

  override log(): void {}

  override warn(message: unknown): void {
    this.list.push(String(message));
  }

  override error(message: unknown): void {
    this.list.push(String(message));
  }
}

/** Receives a delivery in the inbox that `durable-main <its URL> <its queue>` names, and prints what came of it. */
async function main([url, queueName]: string[]): Promise<void> {
  const gemini = new Gemini();
  const logger = new Warnings();
  const inbox = bullmqInbox({ url, queueName });
  const options = { hmac: { secrets: gemini.secret }, jwks: false, gemini: false, inbox } as const;
  const app = await NestFactory.create(DurableModule.register(options), { logger, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  try {
    const { headers, body } = gemini.v1(JSON.stringify({ type: 'batch.succeeded', data: { id: randomUUID() } }));
    const { status } = await fetch(`${await app.getUrl()}/gemini/webhooks`, { method: 'POST', headers, body });
    const heard = await app.get(Heard).first();
    process.stdout.write(`${JSON.stringify({ status, heard, warnings: logger.list })}\n`);
  } finally {
    await app.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
