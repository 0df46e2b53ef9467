import { describe, expect, it } from '@jest/globals';
import { claimId } from '../../../lib/claims/claim.js';
import { HandlerRunContext } from '../../../lib/handlers/handler-context.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingPg, RecordingSqlite } from '../../support/recording-clients.js';

const { event, key } = deliveryOf();
const contextOf = (generation?: number) =>
  new HandlerRunContext('Orders.publish', 1, { ...event.delivery }, { generation });
const idOf = (step: string, generation = 0) =>
  claimId({ registration: 'default', handler: 'Orders.publish', eventKey: key, generation, step });
const isNew = { rows: [{ claim: 'new' }] };

describe("a handler's claim", () => {
  it.each([
    { how: 'without a step', args: [], step: '' },
    { how: 'with a step', args: ['stock'], step: 'stock' },
    { how: 'with a step in the options', args: [{ step: 'stock' }], step: 'stock' },
  ])('is of its event, its name and the step: $how', async ({ args, step }) => {
    const [pg, sqlite] = [new RecordingPg([isNew]), new RecordingSqlite([[{ claim: 'new' }]])];
    // As handlers destructure it.
    const { claim } = contextOf(2);
    const { claimSync } = contextOf(2);

    expect(await claim(pg, ...(args as [string]))).toBe(true);
    expect(claimSync(sqlite, ...(args as [string]))).toBe(true);

    for (const { statements } of [pg, sqlite]) expect(statements[0]).toContain(`'${idOf(step, 2)}'`);
  });

  it('stays that of the event if the handler changes its delivery', async () => {
    const pg = new RecordingPg([isNew]);
    const context = contextOf();
    Object.assign(context.delivery, { registration: 'other', key: 'other' });

    await context.claim(pg);

    expect(pg.statements[0]).toContain(`'${idOf('')}'`);
  });

  it('is remembered during the run, however the handler claims', async () => {
    const context = contextOf();

    expect(await context.claim(new RecordingPg([{ rows: [] }]))).toBe(false);

    await expect(context.claim(new RecordingPg([isNew]))).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(() => context.claimSync(new RecordingSqlite())).toThrow('has claimed this event before in this run');
  });
});
