import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { HandlerRunContext } from '../../../lib/handlers/handler-context.js';
import { deliveryOf } from '../../support/deliveries.js';

const { event } = deliveryOf();
const contextOf = (outer?: AbortSignal) => new HandlerRunContext('Orders.publish', 2, event.delivery, { outer });

describe("a handler's signal", () => {
  it('is the same each time that the handler reads it', () => {
    const context = contextOf(new AbortController().signal);
    const { signal } = context;

    expect(context.signal === signal).toBe(true);
    expect(signal.aborted).toBe(false);
  });

  it('has aborted from the start if the inbox stopped before the handler read it', () => {
    const reason = new Error('shutting down');

    const { signal } = contextOf(AbortSignal.abort(reason));

    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
  });

  it.each([{ read: 'before' }, { read: 'after' }])('aborts with the first reason, if it is read $read', ({ read }) => {
    const context = contextOf();
    if (read === 'before') expect(context.signal.aborted).toBe(false);
    const reason = new Error('too slow');

    context.abort(reason);
    context.abort(new Error('and shutting down'));

    expect(context.signal.reason).toBe(reason);
  });

  it('no longer follows the inbox after the run', () => {
    const inbox = new AbortController();
    const context = contextOf(inbox.signal);
    const { signal } = context;
    expect(getEventListeners(inbox.signal, 'abort')).toHaveLength(1);

    context.release();
    inbox.abort();

    expect(signal.aborted).toBe(false);
    expect(getEventListeners(inbox.signal, 'abort')).toEqual([]);
  });

  it('follows nothing if it is first read after the run', () => {
    const inbox = new AbortController();
    const context = contextOf(inbox.signal);

    context.release();
    inbox.abort();

    expect(context.signal.aborted).toBe(false);
  });
});
