import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import { randomUUID } from 'node:crypto';
import { post } from '../support/http.js';
import { bodyOf, withHmac } from '../support/senders.js';
import { SECRET } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { killTracedProcesses, TracedProcess, type SentSpan } from './support/traced-process.js';

jest.setTimeout(60_000);

/** Part of everything that only the sender and the app may know. */
const PRIVATE = 'k9-private';

let queueName: string;
beforeEach(() => {
  queueName = `traces-${randomUUID()}`;
});
afterEach(killTracedProcesses);

describe.each(STORES)('a trace over two processes on $name', ({ url }) => {
  /** Sends one event, whose handler fails once, and returns the spans of both processes. */
  async function trace({ queueIsTraced }: { queueIsTraced: boolean }) {
    const inbox = { url, queueName };
    const web = await TracedProcess.start({ inbox, receives: true, queueIsTraced });
    const worker = await TracedProcess.start({ inbox, receives: false, queueIsTraced });
    const body = bodyOf('batch.succeeded', { id: `batches/${PRIVATE}`, output_file_uri: `gs://${PRIVATE}` });

    const delivery = withHmac(SECRET, body, { id: `msg_${PRIVATE}` });
    await until(async () => (await post(`${web.origin}/gemini/webhooks`, delivery)).status < 300);

    await until(() => handled(worker).length === 2);
    await Promise.all([web.close(), worker.close()]);
    return { web: web.spans, worker: worker.spans };
  }

  const handled = (worker: { spans: SentSpan[] }) => worker.spans.filter(({ name }) => name.startsWith('handle '));

  function expectNothingPrivate(spans: readonly SentSpan[]) {
    const secret = SECRET.replace('whsec_', '');
    const text = JSON.stringify(spans);

    expect(spans.length).toBeGreaterThan(4);
    for (const word of [PRIVATE, secret, 'not yet']) expect(text).not.toContain(word);
  }

  it('leads from the request to each attempt of the handler in the worker', async () => {
    const { web, worker } = await trace({ queueIsTraced: false });

    const all = [...web, ...worker];
    expect(named(web)).toEqual({ receive: [undefined], verify: ['receive'], accept: ['receive'] });
    expect(worker).toMatchObject([
      { name: 'handle Handlers.publish', kind: SpanKind.CONSUMER, attributes: { 'gemini.webhooks.attempt': 1 } },
      { name: 'handle Handlers.publish', kind: SpanKind.CONSUMER, attributes: { 'gemini.webhooks.attempt': 2 } },
    ]);
    expect(parentsOf(worker, all)).toEqual(['accept', 'accept']);
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    expectNothingPrivate(all);
  });

  it("has the queue's own spans in between if BullMQ's telemetry is passed on", async () => {
    const { web, worker } = await trace({ queueIsTraced: true });

    const all = [...web, ...worker];
    // The queue also traces what belongs to no event, such as its maintenance.
    const { traceId } = web.find(({ name }) => name === 'receive')!;
    const ours = all.filter((span) => span.traceId === traceId);
    const add = `add ${queueName}.batch.succeeded`;
    const process = `process ${queueName}`;
    expect(named(ours)).toMatchObject({
      receive: [undefined],
      verify: ['receive'],
      accept: ['receive'],
      [add]: ['accept'],
      [process]: [add, add],
      'handle Handlers.publish': [process, process],
    });
    expect(handled({ spans: ours })).toMatchObject([{ kind: SpanKind.INTERNAL }, { kind: SpanKind.INTERNAL }]);
    expectNothingPrivate(all);
  });
});

/** Names of the parents, by the names of the spans. */
function named(spans: readonly SentSpan[]): Readonly<Record<string, readonly (string | undefined)[]>> {
  const names = [...new Set(spans.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      parentsOf(
        spans.filter((span) => span.name === name),
        spans,
      ),
    ]),
  );
}

function parentsOf(spans: readonly SentSpan[], all: readonly SentSpan[]): readonly (string | undefined)[] {
  return spans.map(
    ({ parentSpanId }) => parentSpanId && (all.find(({ spanId }) => spanId === parentSpanId)?.name ?? parentSpanId),
  );
}
