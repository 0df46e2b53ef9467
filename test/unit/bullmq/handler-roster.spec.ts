import { beforeEach, describe, expect, it } from '@jest/globals';
import { HandlerRoster } from '../../../lib/bullmq/handler-roster.js';

let now: number;
let roster: HandlerRoster;
const hear = (node: string, name: string, pattern: 'batch.*' | 'video.*' | '*' = '*') =>
  roster.heard({ node, handlers: [{ name, patterns: [pattern] }] });
const matching = (type = 'batch.succeeded') => [...roster.matching(type)].toSorted();
/** The process itself gives signs of life all the time. */
const pass = (milliseconds: number) => {
  for (const end = now + milliseconds; now < end;) {
    now = Math.min(now + 10_000, end);
    hear('self', 'mine');
  }
};

beforeEach(() => {
  now = 1_000_000;
  roster = new HandlerRoster(() => now);
  hear('self', 'mine');
});

describe('the roster of handlers', () => {
  it('knows which handlers of live workers want a type, each once', () => {
    hear('one', 'a', 'batch.*');
    hear('two', 'a', 'batch.*');
    hear('three', 'b', 'video.*');

    expect(matching()).toEqual(['a', 'mine']);
    expect(matching('video.generated')).toEqual(['b', 'mine']);
  });

  it('takes a worker for dead after 30 s without a sign of life', () => {
    hear('other', 'a');
    pass(30_000);
    expect(matching()).toEqual(['a', 'mine']);
    pass(1);
    expect(matching()).toEqual(['mine']);
  });

  it('forgets a worker that says goodbye', () => {
    hear('other', 'a');
    roster.left('other');
    expect(matching()).toEqual(['mine']);
  });

  it('believes the latest that a worker says', () => {
    hear('other', 'a');
    hear('other', 'b');
    expect(matching()).toEqual(['b', 'mine']);
  });

  it('takes nobody for dead while the store is away, and gives all their time again when it is back', () => {
    hear('other', 'a');
    now += 3_600_000;
    expect(matching()).toEqual(['a', 'mine']);
    hear('self', 'mine');
    expect(matching()).toEqual(['a', 'mine']);
    pass(30_001);
    expect(matching()).toEqual(['mine']);
  });
});
