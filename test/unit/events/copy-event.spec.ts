import { describe, expect, it } from '@jest/globals';
import { copyEvent } from '../../../lib/events/copy-event.js';
import type { GeminiEvent } from '../../../lib/index.js';

const eventWith = (data: object): GeminiEvent =>
  ({
    type: 'batch.succeeded',
    data,
    userMetadata: { order: { id: 7 } },
    delivery: { id: 'msg_1', attemptedAt: new Date(0), params: { project: 'a' } },
  }) as unknown as GeminiEvent;

describe('copyEvent', () => {
  it('returns an equal event whose changes do not reach the original, at any level', () => {
    const event = eventWith({ id: 'a', list: [{ deep: [1, { deeper: true }] }], nothing: null });
    const before = structuredClone(event);

    const copy = copyEvent(event) as unknown as {
      data: { list: { deep: [number, { deeper: boolean }] }[] };
      userMetadata: { order: { id: number } };
      delivery: { params: { project: string } };
    };
    expect(copy).toEqual(event);
    copy.data.list[0]!.deep[1].deeper = false;
    copy.data.list[0]!.deep.push(2 as never);
    copy.userMetadata.order.id = 8;
    copy.delivery.params.project = 'b';

    expect(event).toEqual(before);
  });

  it('keeps what is neither a list nor a plain object', () => {
    const when = new Date(5);

    const copy = copyEvent(eventWith({ when }));

    expect((copy.data as unknown as { when: Date }).when).toBe(when);
    expect(copy.delivery.attemptedAt).toBeInstanceOf(Date);
  });

  it('copies objects without a prototype, and keeps absent fields', () => {
    const bare = Object.assign(Object.create(null), { list: [1] }) as { list: number[] };

    const copy = copyEvent({ ...eventWith({ bare }), resource: undefined } as GeminiEvent);
    (copy.data as unknown as { bare: { list: number[] } }).bare.list.push(2);

    expect(bare.list).toEqual([1]);
    expect(copy.resource).toBeUndefined();
  });

  it('copies data that is nested as deeply as a body can hold', () => {
    const depth = 100_000;
    const data = JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`) as object;

    expect(copyEvent(eventWith(data)).data).not.toBe(data);
  });

  it('does not let a key named __proto__ change the copy', () => {
    const data = JSON.parse('{"__proto__": {"polluted": {"deep": 1}}}') as object;

    const copy = copyEvent(eventWith(data)).data as Record<string, unknown>;

    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(copy['polluted']).toBeUndefined();
  });
});
