import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { GeminiEventBus, inlineInbox, OnGeminiEvent, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred, type Deferred } from '../support/deferred.js';
import {
  deliver,
  DUPLICATE,
  HANDLER_FAILED,
  INBOX_UNAVAILABLE,
  PROCESSED,
  staticWebhooks,
  STILL_PROCESSING,
} from '../support/static-webhooks.js';

let runs: string[] = [];
let started: Deferred;
let act: () => unknown = () => undefined;

@Injectable()
class Handlers {
  @OnGeminiEvent('batch.*')
  async run(event: GeminiEvent) {
    runs.push((event.data as { id: string }).id);
    started.resolve();
    await act();
  }
}

afterEach(async () => {
  runs = [];
  act = () => undefined;
  await closeApps();
});

describe.each(ADAPTERS)('the inline inbox on $adapter', (adapter) => {
  const start = async (inbox = inlineInbox()) => {
    started = deferred();
    const { app, origin } = await startApp(
      { imports: [staticWebhooks({ inbox })], providers: [Handlers] },
      { adapter },
    );
    const announced: GeminiEvent[] = [];
    app.get(GeminiEventBus).events$.subscribe((event) => announced.push(event));
    return { app, origin, announced };
  };

  it('runs the handlers once for 40 simultaneous copies, and answers 200 to all', async () => {
    const gate = deferred();
    act = () => gate.promise;
    const { origin, announced } = await start();

    const answers = Promise.all(Array.from({ length: 40 }, () => deliver(origin)));
    await started.promise;
    gate.resolve();

    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await answers).filter(({ body }) => body['status'] === 'processed')).toHaveLength(1);
    expect(runs).toHaveLength(1);
    expect(announced).toHaveLength(1);
  });

  it('treats the old and the new name of an event as the same event', async () => {
    const { origin, announced } = await start();

    expect(await deliver(origin, { type: 'batch.completed', id: 'batch_9' })).toMatchObject(PROCESSED);
    expect(await deliver(origin, { type: 'batch.succeeded', id: 'batches/9' })).toMatchObject(DUPLICATE);
    expect(runs).toEqual(['batch_9']);
    expect(announced).toHaveLength(1);
  });

  it('distinguishes events of the same job, and jobs with the same event', async () => {
    const { origin } = await start();
    for (const event of [
      { type: 'batch.succeeded', id: 'a' },
      { type: 'batch.failed', id: 'a' },
      { type: 'batch.succeeded', id: 'b' },
    ]) {
      expect(await deliver(origin, event)).toMatchObject(PROCESSED);
    }
    expect(runs).toEqual(['a', 'a', 'b']);
  });

  it('treats every delivery of an unknown type as a separate event, and answers 200', async () => {
    const { origin, announced } = await start();
    for (let delivery = 0; delivery < 2; delivery += 1) {
      expect(await deliver(origin, { type: 'audio.made' })).toMatchObject(PROCESSED);
    }
    expect(announced.map(({ type }) => type)).toEqual(['audio.made', 'audio.made']);
  });

  it('answers 500 while a handler fails, publishes the event once, and answers 200 after a success', async () => {
    act = () => Promise.reject(new Error('not yet'));
    const { origin, announced } = await start();

    for (let attempt = 0; attempt < 2; attempt += 1) expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    act = () => undefined;
    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(runs).toHaveLength(3);
    expect(announced).toHaveLength(1);
  });

  it('does not reveal what a handler threw', async () => {
    act = () => Promise.reject(new Error('password hunter2 was refused'));
    const { origin } = await start();

    const { body, headers } = await deliver(origin);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.stringify(body)).not.toMatch(/hunter2|Handlers/);
  });

  it('answers 503 with retry-after past ackTimeoutMs, and a retry finds the handlers done', async () => {
    const gate = deferred();
    const ended = deferred();
    act = () => gate.promise.finally(() => queueMicrotask(ended.resolve));
    const { origin } = await start(inlineInbox({ ackTimeoutMs: 20 }));

    for (let retry = 0; retry < 2; retry += 1) {
      const answer = await deliver(origin);
      expect(answer).toMatchObject(STILL_PROCESSING);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    gate.resolve();
    await ended.promise;

    expect(await deliver(origin)).toMatchObject(DUPLICATE);
    expect(runs).toHaveLength(1);
  });

  it('answers 503 while maxEntries events are being handled', async () => {
    const gate = deferred();
    act = () => gate.promise;
    const { origin } = await start(inlineInbox({ maxEntries: 1 }));

    const first = deliver(origin, { id: 'batch_1' });
    await started.promise;
    expect(await deliver(origin, { id: 'batch_2' })).toMatchObject(INBOX_UNAVAILABLE);
    gate.resolve();

    expect(await first).toMatchObject(PROCESSED);
    expect(await deliver(origin, { id: 'batch_2' })).toMatchObject(PROCESSED);
  });
});
