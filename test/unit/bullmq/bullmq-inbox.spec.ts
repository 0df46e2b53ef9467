import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Span, Telemetry } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../../lib/bullmq/index.js';
import type { InboxHost } from '../../../lib/inbox/inbox-engine.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { STORES } from '../../support/stores.js';
import { until } from '../../support/until.js';

jest.setTimeout(30_000);

const host: InboxHost = {
  registration: 'default',
  toleranceSeconds: 300,
  handlers: () => [],
  dispatch: async () => ({ retryable: [], final: [] }),
  announce: () => undefined,
};

/** Telemetry that records the names of its spans. */
function recordedSpans(): { telemetry: Telemetry; spans: string[] } {
  const spans: string[] = [];
  const ignore = () => undefined;
  const span: Span = {
    setSpanOnContext: (context: object) => context,
    setAttribute: ignore,
    setAttributes: ignore,
    addEvent: ignore,
    recordException: ignore,
    spanContext: ignore,
    end: ignore,
  } as unknown as Span;
  const telemetry: Telemetry = {
    tracer: {
      startSpan(name) {
        spans.push(name);
        return span;
      },
    },
    contextManager: {
      with: (_context, run) => run(),
      active: () => ({}),
      getMetadata: () => '',
      fromMetadata: (context) => context,
    },
  };
  return { telemetry, spans };
}

describe.each(STORES)('bullmqInbox on $name', ({ url }) => {
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(() => {
    Logger.overrideLogger(false);
  });

  it("passes BullMQ's telemetry to the queue and the worker", async () => {
    const queueName = `traced-${randomUUID()}`;
    const { telemetry, spans } = recordedSpans();
    const inbox = bullmqInbox({ url, queueName, telemetry })(host);
    await inbox.start?.();

    await inbox.accept(deliveryOf());
    await until(() => spans.some((span) => span.startsWith('process ')));
    await inbox.close();

    expect(spans).toEqual(expect.arrayContaining([`add ${queueName}.batch.succeeded`, `process ${queueName}`]));
  });

  it('does not warn when it is closed right after it is ready, or before', async () => {
    for (let moment = 0; moment < 8; moment += 1) {
      const inbox = bullmqInbox({ url, queueName: `closed-${randomUUID()}`, workers: false })(host);
      await inbox.start?.();
      let there = false;
      if (moment % 2 === 0) {
        await until(
          async () => {
            // Rejects without a request until the queue is ready; the next request reads the server's settings.
            void inbox
              .failedEvents!.list({ limit: 0 })
              .then(() => (there = true))
              .catch(() => undefined);
            return there;
          },
          { everyMs: 0 },
        );
      }
      await inbox.close();
    }

    expect(logger.text).not.toContain('settings could not be read');
  });
});
