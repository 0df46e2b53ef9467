import { describe, expect, it } from '@jest/globals';
import { foreignWorkersWarning } from '../../../../lib/bullmq/peers/foreign-workers.js';
import type { RosterHandler } from '../../../../lib/bullmq/peers/handler-roster.js';

const handlers = (...names: string[]): RosterHandler[] => names.map((name) => ({ name, patterns: ['*'] }));
const internal: RosterHandler = { name: 'jobs', patterns: ['*'], isInternal: true };
const warningOf = (own: RosterHandler[], ...workers: RosterHandler[][]) =>
  foreignWorkersWarning(
    'orders',
    own,
    workers.map((one) => ({ handlers: one })),
  );

describe('a worker', () => {
  it('warns about another one that shares only the handlers of the module itself', () => {
    const warning = warningOf([...handlers('a', 'b'), internal], handlers('b'), [...handlers('c', 'd'), internal]);

    expect(warning).toMatch(/^Another worker of the queue "orders" has none of .*, but c, d\. .*queueName/);
  });

  it('says in the warning what to do after a deploy that has renamed every handler', () => {
    const warning = warningOf(handlers('Orders.publishBatch'), handlers('Orders.publish'));

    expect(warning).toMatch(/but Orders\.publish\. .*If you renamed the handlers, give them their old names/);
  });

  it('names at most ten handlers of the other one', () => {
    const many = Array.from({ length: 20 }, (_, index) => `c${index}`);

    expect(warningOf(handlers('a'), handlers(...many))).toMatch(/but c0, .*, c9\. /);
  });

  it.each<[string, RosterHandler[], RosterHandler[][]]>([
    ['another one shares a handler', handlers('a', 'b'), [handlers('b', 'c')]],
    ['it is the only one', handlers('a'), []],
    ['it has no handlers', [internal], [handlers('c')]],
    ['the other one has no handlers', handlers('a'), [[internal]]],
  ])('does not warn if %s', (_what, own, workers) => {
    expect(warningOf(own, ...workers)).toBeUndefined();
  });
});
