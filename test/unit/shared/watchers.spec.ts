import { describe, expect, it } from '@jest/globals';
import { Watchers } from '../../../lib/shared/watchers.js';

describe('Watchers', () => {
  it('notifies the watchers of one key until each is removed', () => {
    const watchers = new Watchers();
    const calls: string[] = [];
    const removeFirst = watchers.add('a', () => calls.push('a1'));
    watchers.add('a', () => calls.push('a2'));
    watchers.add('b', () => calls.push('b'));

    watchers.notify('a');
    removeFirst();
    removeFirst();
    watchers.notify('a');
    watchers.notify('nobody watches this');

    expect(calls).toEqual(['a1', 'a2', 'a2']);
  });

  it('keeps the second watch when the same function was added twice and one watch is removed', () => {
    const watchers = new Watchers();
    let calls = 0;
    const changed = () => void (calls += 1);
    const remove = watchers.add('a', changed);
    watchers.add('a', changed);

    watchers.notify('a');
    expect(calls).toBe(2);
    remove();
    watchers.notify('a');
    expect(calls).toBe(3);
  });

  it('notifies every key at once', () => {
    const watchers = new Watchers();
    const calls: string[] = [];
    for (const key of ['a', 'b']) watchers.add(key, () => calls.push(key));

    watchers.notifyAll();

    expect(calls).toEqual(['a', 'b']);
  });

  it('notifies a watcher that was added after the last watcher of its key was removed', () => {
    const watchers = new Watchers();
    let calls = 0;
    const remove = watchers.add('a', () => undefined);
    remove();
    watchers.add('a', () => void (calls += 1));
    remove();

    watchers.notify('a');

    expect(calls).toBe(1);
  });
});
