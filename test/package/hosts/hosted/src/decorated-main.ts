import { CreateRequestContext, EnsureRequestContext, RequestContext, Transactional } from '@mikro-orm/core';
import { Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { handleAll, retry, usePolicy } from 'cockatiel';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';
import { Retryable } from 'typescript-retry-decorator';
import { Gemini } from './gemini.js';
import { orm, statements } from './mikro-orm.js';

/** What each handler saw, run by run. */
const runs: Record<string, unknown[]> = {};
const keep = (handler: string, what: unknown) => (runs[handler] ??= []).push(what);

/** Fails when it is run for the first time: only the decorator runs it again. */
function failsOnce({ type }: GeminiEvent, { handler, attempt }: GeminiHandlerContext): void {
  keep(handler, `${type}, attempt ${attempt}`);
  if (runs[handler].length === 1) throw new Error('the first time');
}

function keepsContext(handler: string): void {
  const isForked = RequestContext.getEntityManager() !== undefined && RequestContext.getEntityManager() !== orm.em;
  keep(handler, isForked ? 'in a request context' : 'without');
}

const BY: Readonly<Record<string, { readonly decorator: () => unknown; readonly run: typeof failsOnce }>> = {
  CreateRequestContext: {
    decorator: () => CreateRequestContext(),
    run: (_event, { handler }) => keepsContext(handler),
  },
  EnsureRequestContext: {
    decorator: () => EnsureRequestContext(),
    run: (_event, { handler }) => keepsContext(handler),
  },
  Transactional: {
    decorator: () => Transactional(),
    run: (_event, { handler }) => keep(handler, orm.em.isInTransaction() ? 'in a transaction' : 'without'),
  },
  Retryable: {
    decorator: () => Retryable({ maxAttempts: 2, useConsoleLogger: false }),
    run: failsOnce,
  },
  usePolicy: {
    decorator: () => usePolicy(retry(handleAll, { maxAttempts: 2 })),
    run: failsOnce,
  },
};

function handlersOf(name: string): Type[] {
  const { decorator, run } = BY[name];
  const Decorated = decorator as () => MethodDecorator;

  @Injectable()
  class Above {
    readonly em = orm.em;

    @Decorated()
    @OnGeminiEvent('batch.succeeded', { name: `${name} above` })
    async handle(event: GeminiEvent, context: GeminiHandlerContext) {
      run(event, context);
    }
  }

  @Injectable()
  class Below {
    readonly em = orm.em;

    @OnGeminiEvent('batch.succeeded', { name: `${name} below` })
    @Decorated()
    async handle(event: GeminiEvent, context: GeminiHandlerContext) {
      run(event, context);
    }
  }
  return [Above, Below];
}

/** Boots an app whose handlers stand among the decorators of other packages, and prints what one event made them do. */
async function main(): Promise<void> {
  const gemini = new Gemini();
  @Module({
    imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: gemini.secret }, jwks: false, gemini: false })],
    providers: Object.keys(BY).flatMap(handlersOf),
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  try {
    const delivery = gemini.v1(JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: 'one' } }));
    const response = await fetch(`${await app.getUrl()}/gemini/webhooks`, { method: 'POST', ...delivery });
    process.stdout.write(`${JSON.stringify({ status: response.status, runs, statements })}\n`);
  } finally {
    await app.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
