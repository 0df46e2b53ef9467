import { describe, expect, it } from '@jest/globals';
import { receiverHandlers, storedHandlers } from '../../../../lib/bullmq/deliveries/receiver-handlers.js';
import type { RosterHandler } from '../../../../lib/bullmq/peers/handler-roster.js';
import { toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import { deliveryOf } from '../../../support/deliveries.js';

const HANDLERS: readonly RosterHandler[] = [
  { name: 'publish', patterns: ['batch.succeeded', 'batch.failed'] },
  { name: 'research', patterns: ['interaction.*'] },
  { name: 'show', patterns: ['video.generated'] },
  { name: 'audit', patterns: ['*'] },
];
const storedFor = (type: string, handlers = HANDLERS) => receiverHandlers(deliveryOf({ type }), handlers);

describe("the names of the receiving process's handlers", () => {
  it.each([
    ['batch.completed', ['publish', 'audit']],
    ['batch.cancelled', ['audit']],
    ['batch.invented_later', ['audit']],
    ['video.lost', ['audit']],
  ])('are stored with %s if they match', (type, names) => {
    expect(storedFor(type)).toEqual({ idleHandlers: names });
  });

  it('are stored by each type that may be decided for the end of an interaction', () => {
    const decidedHandlers = {
      'video.generated': ['show', 'audit'],
      'video.failed': ['audit'],
      'interaction.requires_action': ['research', 'audit'],
    };
    expect(storedFor('interaction.completed')).toEqual({ idleHandlers: ['research', 'audit'], decidedHandlers });
    expect(storedFor('interaction.failed')).toEqual({ idleHandlers: ['research', 'audit'], decidedHandlers });
  });

  it('are stored with an event that was found by polling, which is never decided', () => {
    const delivery = { ...deliveryOf({ type: 'video.generated' }), strategy: 'reconciled' };
    expect(receiverHandlers(delivery, HANDLERS)).toEqual({ idleHandlers: ['show', 'audit'] });
  });

  it('take no space where there are none, and none with a probe of doctor', () => {
    expect(storedFor('batch.succeeded', [])).toEqual({});
    expect(storedFor('batch.succeeded', [{ name: 'show', patterns: ['video.generated'] }])).toEqual({});
    expect(storedFor('doctor.check')).toEqual({});
    expect(storedFor('interaction.completed', [{ name: 'show', patterns: ['video.generated'] }])).toStrictEqual({
      decidedHandlers: { 'video.generated': ['show'] },
    });
  });

  it('are at most 100 for a type', () => {
    const many = Array.from({ length: 150 }, (_, index) => ({ name: `h${index}`, patterns: ['*'] as const }));
    expect(storedFor('batch.succeeded', many).idleHandlers).toHaveLength(100);
  });

  it('are those of the decided type once that is stored, and none in data of an earlier version', () => {
    const data = toDeliveryJobData(deliveryOf({ type: 'interaction.completed' }));
    const stored = { ...data, ...storedFor('interaction.completed') };
    const decided = (type: string) => ({ decided: JSON.stringify({ type, data: {} }) });

    expect(storedHandlers(stored, 'interaction.completed')).toEqual(['research', 'audit']);
    expect(storedHandlers({ ...stored, ...decided('video.generated') }, 'video.generated')).toEqual(['show', 'audit']);
    expect(storedHandlers({ ...stored, ...decided('constructor') }, 'constructor')).toEqual([]);
    expect(storedHandlers(data, 'interaction.completed')).toEqual([]);
    expect(storedHandlers({ ...data, idleHandlers: ['a'], ...decided('video.failed') }, 'video.failed')).toEqual([]);
  });
});
