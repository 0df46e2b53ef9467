import { describe, expect, it, jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  runAround,
  type AroundGeminiHandler,
  type GeminiHandlerRun,
  type NamedHook,
} from '../../../lib/handlers/around-handler.js';
import { HandlerRunContext } from '../../../lib/handlers/handler-context.js';
import { deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';

const { event } = deliveryOf();
const run: GeminiHandlerRun = { event, context: new HandlerRunContext('Orders.publish', 1, event.delivery) };
const hookOf = (around: AroundGeminiHandler['around']): NamedHook => ({ name: 'Hook', hook: { around } });
const invalid = (message: string) => expect.objectContaining({ code: 'invalid_handler', message });

describe('a hook around a handler', () => {
  it("receives the run, and its result replaces the handler's", async () => {
    const around = jest.fn<AroundGeminiHandler['around']>(async (_run, next) => `around ${String(await next())}`);

    await expect(runAround([hookOf(around)], run, async () => 'handled')).resolves.toBe('around handled');

    expect(around.mock.calls.map(([given]) => given)).toEqual([run]);
  });

  it('fails the attempt with its own error if it throws before the handler has started', async () => {
    const error = new Error('no scope');
    const invoke = jest.fn(async () => undefined);

    await expect(runAround([hookOf(() => Promise.reject(error))], run, invoke)).rejects.toBe(error);

    expect(invoke).not.toHaveBeenCalled();
  });

  it('fails the attempt, by name, if it does not call next', async () => {
    await expect(runAround([hookOf(() => undefined)], run, async () => undefined)).rejects.toEqual(
      invalid('The hook Hook did not call next(), so the handler did not run.'),
    );
  });

  it('fails the attempt if it calls next twice, even if it catches the error of the second call', async () => {
    const errors: unknown[] = [];
    const hook = hookOf(async (_run, next) => {
      await next();
      for (let more = 0; more < 2; more += 1) await next().catch((error: unknown) => errors.push(error));
    });
    const twice = invalid('The hook Hook called next() twice.');

    await expect(runAround([hook], run, async () => undefined)).rejects.toEqual(twice);

    expect(errors).toEqual([twice, twice]);
  });

  it('cannot run the handler by calling next after the attempt has failed', async () => {
    const invoke = jest.fn(async () => undefined);
    let late: () => Promise<unknown> = async () => undefined;
    const hook = hookOf((_run, next) => void (late = next));
    await expect(runAround([hook], run, invoke)).rejects.toBeInstanceOf(Error);

    await expect(late()).rejects.toEqual(invalid('The hook Hook called next() too late.'));

    expect(invoke).not.toHaveBeenCalled();
  });

  it('that fails while the handler runs fails the attempt only after the handler has ended', async () => {
    const handler = deferred();
    const error = new Error('the hook gave up');
    const hook = hookOf(async (_run, next) => {
      void next();
      throw error;
    });
    const ended = jest.fn();

    const attempt = runAround([hook], run, () => handler.promise).catch((reason: unknown) => ended(reason));
    await nextTurn();
    expect(ended).not.toHaveBeenCalled();
    handler.reject(new Error('the handler failed, too'));
    await attempt;

    expect(ended.mock.calls).toEqual([[error]]);
  });
});
