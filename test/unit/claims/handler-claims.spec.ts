import { describe, expect, it } from '@jest/globals';
import { claimId } from '../../../lib/claims/claim.js';
import { HandlerRunContext } from '../../../lib/handlers/handler-context.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingPg, RecordingSqlite } from '../../support/recording-clients.js';

const { delivery } = deliveryOf().event;
const NEW = { rows: [{ claim: 'x' }] };
const OLD = { rows: [] };

function contextOf(generation?: number) {
  return new HandlerRunContext('Invoices.bill', 1, delivery, { generation });
}

function idIn(client: { readonly statements: readonly string[] }, at = 0): string | undefined {
  return /'([0-9a-f]{64})'/.exec(client.statements[at]!)?.[1];
}

describe('context.claim', () => {
  it('claims for this registration, handler, event, step and generation', async () => {
    const client = new RecordingPg([NEW, NEW]);
    const subject = { registration: delivery.registration, handler: 'Invoices.bill', eventKey: delivery.key };

    await contextOf().claim(client);
    await contextOf(2).claim(client, 'stock');

    expect(idIn(client, 0)).toBe(claimId({ ...subject, generation: 0, step: '' }));
    expect(idIn(client, 1)).toBe(claimId({ ...subject, generation: 2, step: 'stock' }));
  });

  it('takes the step by itself or among the options', async () => {
    const client = new RecordingPg([NEW, NEW, NEW]);

    await contextOf().claim(client, 'stock');
    await contextOf().claim(client, { step: 'stock' });
    await contextOf().claim(client, 'stock', { dialect: 'postgres' });

    expect(new Set([0, 1, 2].map((at) => idIn(client, at))).size).toBe(1);
  });

  it('says false for what an earlier run has committed', async () => {
    expect(await contextOf().claim(new RecordingPg([OLD]))).toBe(false);
  });

  it('claims anew when a transaction was rolled back and is repeated', async () => {
    const context = contextOf();

    expect(await context.claim(new RecordingPg([NEW]))).toBe(true);
    expect(await context.claim(new RecordingPg([NEW]))).toBe(true);
  });

  it.each([
    ['without a name', undefined, 'has claimed this event before'],
    ['of the same name', 'stock', 'has claimed "stock" before'],
  ])('refuses a second transaction of a run %s', async (_name, step, message) => {
    const context = contextOf();
    await context.claim(new RecordingPg([NEW]), step);

    await expect(context.claim(new RecordingPg([OLD]), step)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a second transaction of a run after the first was told that its effect has happened', async () => {
    const context = contextOf();
    const second = new RecordingPg([NEW]);

    expect(await context.claim(new RecordingPg([OLD]))).toBe(false);
    await expect(context.claim(second)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(second.statements).toEqual([]);
  });

  it('can be taken out of the context', async () => {
    const { claim } = contextOf();

    expect(await claim(new RecordingPg([NEW]))).toBe(true);
  });

  it('stays that of the event if the handler changes its delivery', async () => {
    const client = new RecordingPg([NEW]);
    const changed = { ...delivery };
    const context = new HandlerRunContext('Invoices.bill', 1, changed);
    Object.assign(changed, { key: 'another', registration: 'another' });

    await context.claim(client);

    const { key: eventKey, registration } = delivery;
    expect(idIn(client)).toBe(claimId({ registration, handler: 'Invoices.bill', eventKey, generation: 0, step: '' }));
  });

  it('takes several transactions of a run that each have a name', async () => {
    const context = contextOf();
    await context.claim(new RecordingPg([NEW]), 'stock');

    expect(await context.claim(new RecordingPg([OLD]), 'bill')).toBe(false);
  });

  it.each([1, null, 'x'.repeat(1_001)])('refuses %p as a step', async (step) => {
    const client = new RecordingPg([NEW]);

    await expect(contextOf().claim(client, { step: step as string })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('at most 1000 characters'),
    });
    expect(client.statements).toEqual([]);
  });

  it('rejects for a wrong step given by itself too', async () => {
    await expect(contextOf().claim(new RecordingPg([NEW]), null as unknown as string)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('has a synchronous form with the same rules', () => {
    const context = contextOf();
    const client = new RecordingSqlite([[{ claim: 'x' }], []]);

    expect(context.claimSync(client)).toBe(true);
    expect(() => context.claimSync(client)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(() => contextOf().claimSync(client, { step: 7 as unknown as string })).toThrow('must be a string');
  });
});
