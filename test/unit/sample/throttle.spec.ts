import { describe, expect, it } from '@jest/globals';
import { Throttle } from '../../../sample/page/throttle.js';
import { until } from '../../support/until.js';

describe('Throttle', () => {
  it('does a thing at once, and then the last of what was asked for meanwhile', async () => {
    const throttle = new Throttle(20);
    const done: string[] = [];
    const run = (key: string, what: string) => throttle.run(key, async () => void done.push(what));

    for (const what of ['first', 'second', 'third']) run('one', what);
    run('other', 'beside it');
    expect(done).toEqual(['first', 'beside it']);

    await until(() => done.length === 3);
    expect(done).toEqual(['first', 'beside it', 'third']);
    throttle.close();
  });

  it('goes on after what failed', async () => {
    const throttle = new Throttle(1);
    let isDone = false;
    throttle.run('one', () => Promise.reject(new Error('the store is away')));
    throttle.run('one', async () => void (isDone = true));

    await until(() => isDone);
    throttle.close();
  });

  it('does nothing any more once it is closed', async () => {
    const throttle = new Throttle(1);
    const done: string[] = [];
    throttle.run('one', async () => void done.push('first'));
    throttle.run('one', async () => void done.push('second'));
    throttle.close();
    throttle.run('other', async () => void done.push('third'));

    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(['first']);
  });
});
