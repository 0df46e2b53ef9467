import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { GeminiWebhooksError, UnrecoverableEventError } from '../../lib/errors.js';
import type { VerifiedDelivery } from '../../lib/events/verified-delivery.js';
import { EventDispatcher } from '../../lib/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../lib/handlers/handler-registry.js';
import type { InboxEngine, InboxHost, InboxReceipt } from '../../lib/inbox/inbox-engine.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { deliveryOf } from '../support/deliveries.js';
import { until } from '../support/until.js';

/** One kind of inbox, as the contract creates and observes it. */
export interface InboxUnderTest {
  /** Creates a started engine on its own store. The contract closes it. */
  create(host: InboxHost): InboxEngine | Promise<InboxEngine>;
  /** Resolves when the engine has finished the accepted events; at once if `accept` does all the work. */
  idle(): Promise<void>;
}

/** A handler that runs a script and counts its starts. */
class ScriptedHandler {
  readonly attempts: number[] = [];
  readonly events: string[] = [];
  readonly #waiting: { readonly runs: number; readonly started: Deferred }[] = [];

  constructor(
    readonly name: string,
    private readonly script: (run: number) => unknown = () => undefined,
  ) {}

  get runs(): number {
    return this.attempts.length;
  }

  async invoke(key: string, attempt: number): Promise<void> {
    this.attempts.push(attempt);
    this.events.push(key);
    for (const { runs, started } of this.#waiting) if (this.runs >= runs) started.resolve();
    await this.script(this.runs);
  }

  started(runs: number): Promise<void> {
    const started = deferred();
    this.#waiting.push({ runs, started });
    if (this.runs >= runs) started.resolve();
    return started.promise;
  }
}

const failOnce = (run: number) => {
  if (run === 1) throw new Error('the first time');
};

/** The behaviour that every inbox has. */
export function inboxContract(name: string, inbox: InboxUnderTest): void {
  describe(`the ${name} inbox`, () => {
    const engines: InboxEngine[] = [];

    const start = async (...handlers: ScriptedHandler[]) => {
      Logger.overrideLogger(false);
      const registry = new HandlerRegistry();
      registry.add(
        handlers.map((handler) => ({
          name: handler.name,
          patterns: ['batch.*'] as const,
          timeoutMs: undefined,
          invoke: ({ delivery }, { attempt }) => handler.invoke(delivery.key, attempt),
        })),
      );
      const dispatcher = new EventDispatcher(registry);
      const published: string[] = [];
      const engine = await inbox.create({
        registration: 'default',
        toleranceSeconds: 300,
        handlers: () => dispatcher.handlers,
        dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
        announce: ({ key }) => void published.push(key),
      });
      engines.push(engine);
      return { engine, published };
    };

    /** Retries until the response is 2xx, as Google does. */
    const send = async (engine: InboxEngine, delivery: VerifiedDelivery): Promise<InboxReceipt> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await engine.accept(delivery);
        } catch (error) {
          if (attempt >= 10 || !(error instanceof GeminiWebhooksError)) throw error;
        }
      }
    };

    const handled = async (engine: InboxEngine, ...deliveries: VerifiedDelivery[]) => {
      const receipts = await Promise.all(deliveries.map((delivery) => send(engine, delivery)));
      await inbox.idle();
      return receipts;
    };

    afterEach(async () => {
      await Promise.all(engines.splice(0).map((engine) => engine.close()));
    });

    it('runs the handlers of an event and publishes it', async () => {
      const [one, two] = [new ScriptedHandler('one'), new ScriptedHandler('two')];
      const { engine, published } = await start(one, two);
      const delivery = deliveryOf();

      const [receipt] = await handled(engine, delivery);

      expect([200, 202]).toContain(receipt?.httpStatus);
      expect([one.events, two.events, published]).toEqual([[delivery.key], [delivery.key], [delivery.key]]);
    });

    it('accepts an event without handlers', async () => {
      const { engine, published } = await start();
      const delivery = deliveryOf();

      await handled(engine, delivery);
      expect(published).toEqual([delivery.key]);
    });

    it('accepts duplicates without handling them', async () => {
      const handler = new ScriptedHandler('one');
      const { engine, published } = await start(handler);

      for (let copy = 0; copy < 3; copy += 1) await handled(engine, deliveryOf());

      expect(handler.runs).toBe(1);
      expect(published).toHaveLength(1);
    });

    it('runs the handlers once for 40 simultaneous copies', async () => {
      const gate = deferred();
      const handler = new ScriptedHandler('one', () => gate.promise);
      const { engine, published } = await start(handler);

      const receipts = Promise.all(Array.from({ length: 40 }, () => send(engine, deliveryOf())));
      await handler.started(1);
      gate.resolve();
      await receipts;
      await inbox.idle();

      expect(handler.runs).toBe(1);
      expect(published).toHaveLength(1);
    });

    it('handles different events concurrently', async () => {
      const gate = deferred();
      const handler = new ScriptedHandler('one', () => gate.promise);
      const { engine } = await start(handler);
      const [first, second] = [deliveryOf({ id: 'batch_1' }), deliveryOf({ id: 'batch_2' })];

      const receipts = Promise.all([send(engine, first), send(engine, second)]);
      await handler.started(2);
      gate.resolve();
      await receipts;

      expect(handler.events.toSorted()).toEqual([first.key, second.key]);
    });

    it('retries only failed handlers, counts the attempts, and publishes once', async () => {
      const steady = new ScriptedHandler('steady');
      const flaky = new ScriptedHandler('flaky', failOnce);
      const { engine, published } = await start(steady, flaky);

      await handled(engine, deliveryOf());
      await flaky.started(2);
      await inbox.idle();
      await handled(engine, deliveryOf());

      expect(steady.attempts).toEqual([1]);
      expect(flaky.attempts).toEqual([1, 2]);
      expect(published).toHaveLength(1);
    });

    it('makes one attempt for simultaneous copies, also when it fails', async () => {
      const gate = deferred();
      const flaky = new ScriptedHandler('flaky', async (run) => {
        await gate.promise;
        failOnce(run);
      });
      const { engine } = await start(flaky);

      const receipts = Promise.all(Array.from({ length: 10 }, () => send(engine, deliveryOf())));
      await flaky.started(1);
      gate.resolve();
      await receipts;
      await flaky.started(2);
      await inbox.idle();

      expect(flaky.attempts).toEqual([1, 2]);
    });

    it('does not retry a handler that failed permanently, and keeps retrying the others', async () => {
      const hopeless = new ScriptedHandler('hopeless', () => Promise.reject(new UnrecoverableEventError()));
      const flaky = new ScriptedHandler('flaky', failOnce);
      const { engine } = await start(hopeless, flaky);

      await handled(engine, deliveryOf());
      await flaky.started(2);
      await inbox.idle();
      await handled(engine, deliveryOf());

      expect(hopeless.attempts).toEqual([1]);
      expect(flaky.attempts).toEqual([1, 2]);
    });

    it('does not have an event redelivered if all its failures are permanent', async () => {
      const hopeless = new ScriptedHandler('hopeless', () => Promise.reject(new UnrecoverableEventError()));
      const { engine } = await start(hopeless);

      await engine.accept(deliveryOf());
      await inbox.idle();
      await handled(engine, deliveryOf());

      expect(hopeless.runs).toBe(1);
    });

    it('waits for running handlers before it is closed', async () => {
      const gate = deferred();
      const order: string[] = [];
      const handler = new ScriptedHandler('one', async () => {
        await gate.promise;
        order.push('handled');
      });
      const { engine } = await start(handler);

      const receipt = send(engine, deliveryOf());
      await handler.started(1);
      const closed = engine.close().then(() => order.push('closed'));
      order.push('closing');
      gate.resolve();
      await Promise.all([closed, receipt]);

      expect(order).toEqual(['closing', 'handled', 'closed']);
    });

    it('counts an event while its handler runs, with its age, and not once it is handled', async () => {
      const gate = deferred();
      const handler = new ScriptedHandler('one', () => gate.promise);
      const { engine } = await start(handler);
      const empty = { waiting: 0, active: 0, delayed: 0, failed: 0, oldestAgeMs: 0 };
      expect(await engine.stats!()).toEqual(empty);

      const receipt = send(engine, deliveryOf());
      await handler.started(1);
      await until(async () => (await engine.stats!()).oldestAgeMs >= 20);
      expect(await engine.stats!()).toMatchObject({ waiting: 0, active: 1, delayed: 0, failed: 0 });
      gate.resolve();
      await receipt;
      await inbox.idle();

      expect(await engine.stats!()).toEqual(empty);
    });

    it('is healthy while its worker runs, and its worker is stopped once it closes', async () => {
      const { engine } = await start();

      await until(async () => (await engine.health!()).worker === 'running');
      expect(await engine.health!()).toEqual({
        store: expect.stringMatching(/^(up|none)$/),
        worker: 'running',
        stats: expect.objectContaining({ oldestAgeMs: 0 }),
      });
      const closing = engine.close();
      expect(await engine.health!()).toMatchObject({ worker: 'stopped' });
      await closing;
      expect(await engine.health!()).toMatchObject({ worker: 'stopped' });
    });

    it('accepts nothing once it closes, not even duplicates, and closes once', async () => {
      const handler = new ScriptedHandler('one');
      const { engine } = await start(handler);
      await handled(engine, deliveryOf({ id: 'batch_1' }));

      const closing = [engine.close(), engine.close()];
      for (const id of ['batch_1', 'batch_2']) {
        await expect(engine.accept(deliveryOf({ id }))).rejects.toMatchObject({ code: 'inbox_unavailable' });
      }
      await Promise.all(closing);
      await expect(engine.accept(deliveryOf({ id: 'batch_3' }))).rejects.toMatchObject({ code: 'inbox_unavailable' });

      expect(handler.runs).toBe(1);
    });
  });
}
