import { expect, it, jest } from '@jest/globals';
import { UnhandledEvents } from '../../../lib/handlers/unhandled-events.js';
import { deliveryOf } from '../../support/deliveries.js';

const eventOf = (type: string) => deliveryOf({ type }).event;
const recorded = () => {
  const warn = jest.fn<(message: string) => void>();
  return { unhandled: new UnhandledEvents({ warn }), warn };
};

it('an event that nobody receives is reported once for each type', () => {
  const { unhandled, warn } = recorded();

  for (const type of ['batch.failed', 'batch.failed', 'video.generated']) unhandled.warn(eventOf(type));

  const rest =
    '(delivery msg_batch_1), and the event bus has no subscribers. It counts as handled. Further events of this type are not reported.';
  expect(warn.mock.calls).toEqual([
    [`No handler in this process receives "batch.failed" ${rest}`],
    [`No handler in this process receives "video.generated" ${rest}`],
  ]);
});

it('the report of an unhandled event contains only the start of a long type', () => {
  const { unhandled, warn } = recorded();

  unhandled.warn({ ...eventOf('batch.failed'), type: 'x'.repeat(200) as never });

  expect(warn.mock.calls[0]?.[0]).toContain(`receives "${'x'.repeat(99)} (delivery`);
});

it('unhandled events of invented types are reported 100 times at most', () => {
  const { unhandled, warn } = recorded();
  const event = eventOf('batch.failed');

  for (let index = 0; index < 150; index += 1) unhandled.warn({ ...event, type: `invented.${index}` as never });

  expect(warn).toHaveBeenCalledTimes(100);
});
