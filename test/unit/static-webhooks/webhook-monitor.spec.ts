import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StaticWebhook } from '../../../lib/static-webhooks/static-webhook.js';
import { deliveredTo, oldestNamed, WebhookMonitor } from '../../../lib/static-webhooks/webhook-monitor.js';

const MINUTE = 60_000;
const URI = 'https://app.example.com/gemini/webhooks';

let now: number;
let answer: () => Promise<StaticWebhook[]>;
const list = jest.fn(() => answer());

const webhook = (id: string, fields: Partial<StaticWebhook> = {}): StaticWebhook => ({
  id,
  name: 'my-app',
  uri: URI,
  events: ['batch.succeeded'],
  state: 'enabled',
  secrets: [],
  ...fields,
});
const monitor = () => new WebhookMonitor(list, () => now);

beforeEach(() => {
  now = Date.parse('2026-11-28T12:00:00Z');
  answer = async () => [webhook('one')];
  list.mockClear();
});

describe('WebhookMonitor', () => {
  it('asks Gemini at most every five minutes', async () => {
    const monitored = monitor();
    const first = await monitored.status(oldestNamed('my-app'));
    answer = async () => [webhook('one', { state: 'disabled_due_to_failed_deliveries' })];
    now += 5 * MINUTE - 1;
    const cached = await monitored.status(oldestNamed('my-app'));
    now += 1;
    const later = await monitored.status(oldestNamed('my-app'));

    expect([first, cached]).toEqual([0, 1].map(() => ({ state: 'enabled', checkedAt: '2026-11-28T12:00:00.000Z' })));
    expect(later).toEqual({ state: 'disabled_due_to_failed_deliveries', checkedAt: '2026-11-28T12:05:00.000Z' });
    expect(list).toHaveBeenCalledTimes(2);
  });

  it('returns the last known state while Gemini fails, and asks again after five minutes only', async () => {
    const monitored = monitor();
    answer = () => Promise.reject(new Error('503'));
    expect(await monitored.status(oldestNamed('my-app'))).toEqual({ state: 'unknown' });
    await monitored.status(oldestNamed('my-app'));
    expect(list).toHaveBeenCalledTimes(1);

    answer = async () => [webhook('one')];
    now += 5 * MINUTE;
    await monitored.status(oldestNamed('my-app'));
    answer = () => Promise.reject(new Error('503'));
    now += 5 * MINUTE;
    expect(await monitored.status(oldestNamed('my-app'))).toEqual({
      state: 'enabled',
      checkedAt: '2026-11-28T12:05:00.000Z',
    });
  });

  it('waits two seconds for a Gemini that does not answer, once, and uses a late answer', async () => {
    jest.useFakeTimers();
    const monitored = monitor();
    let respond: (webhooks: StaticWebhook[]) => void = () => undefined;
    answer = () => new Promise((resolve) => (respond = resolve));

    const waiting = monitored.status(oldestNamed('my-app'));
    expect(await monitored.status(oldestNamed('my-app'))).toEqual({ state: 'unknown' });
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await waiting).toEqual({ state: 'unknown' });
    respond([webhook('one')]);
    await jest.advanceTimersByTimeAsync(0);
    expect(await monitored.status(oldestNamed('my-app'))).toMatchObject({ state: 'enabled' });
    jest.useRealTimers();
  });

  it('finds the oldest webhook of a name, as a sync does', async () => {
    answer = async () => [
      webhook('other', { name: 'other', state: 'disabled' }),
      webhook('newer', { state: 'disabled', createdAt: '2026-11-02T00:00:00Z' }),
      webhook('oldest', { createdAt: '2026-11-01T00:00:00Z' }),
    ];

    expect(await monitor().status(oldestNamed('my-app'))).toMatchObject({ state: 'enabled' });
    expect(await monitor().status(oldestNamed('nobody'))).toMatchObject({ state: 'missing' });
  });

  it('finds a webhook by its URI, first one that Gemini does not deliver to', async () => {
    answer = async () => [
      webhook('elsewhere', { uri: 'https://other.example.com', state: 'disabled' }),
      webhook('enabled'),
      webhook('failing', { state: 'disabled_due_to_failed_deliveries' }),
    ];

    expect(await monitor().status(deliveredTo(URI))).toMatchObject({ state: 'disabled_due_to_failed_deliveries' });
  });
});
