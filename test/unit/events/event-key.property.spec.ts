import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { GEMINI_EVENTS, type GeminiEventType, type GeminiResourceKind } from '../../../lib/events/event-catalogue.js';
import { eventKey, type EventIdentity } from '../../../lib/events/event-key.js';

/** A small alphabet with separators, so that collisions become likely. */
const odd = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '=', '~', '.', 'job', 'message', 'batch_', '\ud800', '\u0000'),
  maxLength: 4,
});
const text = fc.oneof({ weight: 3, arbitrary: odd }, fc.string({ unit: 'binary', maxLength: 200 }));
const type = fc.constantFrom(...(Object.keys(GEMINI_EVENTS) as GeminiEventType[]));
const kind = fc.constantFrom<GeminiResourceKind[]>('batch', 'video', 'interaction');

const identity: fc.Arbitrary<EventIdentity> = fc.record({
  registration: fc.constantFrom('default', 'a', 'job', 'message', 'a.b'),
  params: fc.dictionary(text, text, { maxKeys: 2 }),
  type: fc.option(type, { nil: undefined }),
  resource: fc.option(fc.record({ kind, name: text }), { nil: undefined }),
  job: fc.option(fc.record({ kind, id: text }), { nil: undefined, freq: 3 }),
  messageId: text,
});

/** A video is made by an interaction, and its end may be announced as either. */
const SAME: Readonly<Record<string, string>> = {
  'video.generated': 'interaction.completed',
  'video.failed': 'interaction.failed',
  'video.lost': 'interaction.lost',
};
const announced = (one: string) => SAME[one] ?? one;

/** A video job has one outcome, whatever its event is called, and a report that the outcome is unknown. */
const endOf = (job: { readonly kind: string }, one: string) =>
  job.kind === 'video' ? one.endsWith('.lost') : announced(one);

/** Parts of a key according to architecture.md. */
function factsOf(one: EventIdentity): string {
  const params = Object.entries(one.params).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const last = (name: string) =>
    name
      .split('/')
      .at(-1)!
      .replace(/^batch_/, '');
  const what =
    one.type && one.job
      ? ['job', one.job.kind, one.job.id, endOf(one.job, one.type)]
      : one.type && one.resource
        ? ['resource', one.resource.kind === 'batch', last(one.resource.name), announced(one.type)]
        : ['message', one.messageId];
  return JSON.stringify([one.registration, params, what]);
}

describe('for all events', () => {
  it('two events have the same key if and only if they are the same event', () => {
    fc.assert(
      fc.property(fc.array(identity, { minLength: 2, maxLength: 30 }), (identities) => {
        const byFacts = new Map(identities.map((one) => [factsOf(one), eventKey(one)]));
        for (const one of identities) expect(eventKey(one)).toBe(byFacts.get(factsOf(one)));
        expect(new Set(byFacts.values()).size).toBe(byFacts.size);
      }),
      { numRuns: 300 },
    );
  });

  it('the key is printable and bounded', () => {
    fc.assert(
      fc.property(identity, (one) => {
        expect(eventKey(one)).toMatch(/^[\x21-\x7e]{1,700}$/);
      }),
    );
  });
});
