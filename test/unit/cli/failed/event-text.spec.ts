import { describe, expect, it } from '@jest/globals';
import { failedDetails, failedDetailsJson, failedJson, failedTable } from '../../../../lib/cli/failed/event-text.js';
import { deliveryOf } from '../../../support/deliveries.js';

const { event } = deliveryOf({ type: 'batch.failed', id: 'batch_1' });
const failed = {
  id: 'e1',
  type: 'batch.failed',
  event,
  handlers: { steady: 'succeeded', broken: 'failed' },
  unfinished: ['flaky'],
  attempts: 3,
  reason: 'broken failed\n  for good, and this is a long reason',
  failedAt: new Date('2026-06-01T12:00:00.123Z'),
} as const;

describe('the table of failed events', () => {
  it('has one line for each, with the handlers that failed or have not completed', () => {
    const [, row = '', ...others] = failedTable([failed]).split('\n');

    expect(others).toEqual([]);
    expect(row.split(/ {2,}/)).toEqual([
      'e1',
      'batch.failed',
      '2026-06-01T12:00:00Z',
      '3',
      'broken flaky',
      'broken failed for good, and this is a long reason',
    ]);
  });

  it('cuts the reason to the terminal', () => {
    const lines = failedTable([failed], 100).split('\n');

    expect(Math.max(...lines.map(({ length }) => length))).toBe(100);
    expect(lines[1]).toMatch(/broken failed for good.*…$/);
  });
});

describe('the details of a failed event', () => {
  it('contain the whole reason, each handler and the data', () => {
    const text = failedDetails(failed);

    const facts = [
      'this is a long reason',
      'steady: succeeded',
      'broken: failed',
      'flaky: not completed',
      event.delivery.key,
    ];
    for (const fact of facts) expect(text).toContain(fact);
    expect(JSON.parse(text.slice(text.indexOf('\ndata\n') + 6))).toEqual(event.data);
  });

  it('contain no control character of a payload', () => {
    const data = { ...event.data, note: 'a\u009b31mred\u202e' } as never;

    const text = failedDetails({ ...failed, reason: '\u001b[31m', event: { ...event, data } });
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  });

  it('say that another version stored an event that this one cannot read', () => {
    const unreadable = { ...failed, event: undefined };

    expect(failedDetails(unreadable)).toContain('another version');
    expect(failedDetailsJson(unreadable)).toMatchObject({ id: 'e1', event: null });
    expect(failedJson(unreadable)).toMatchObject({ id: 'e1', resource: null });
  });
});
