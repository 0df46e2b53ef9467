import type { DemoDelivery } from '../deliveries.js';

const ALERT = 'BatchHandlers.alert';
const AUDIT = 'AuditHandlers.record';

/**
 * The tour with an inbox that keeps events: what is taken is answered 202 once it is stored, and the worker tries again
 * by itself. It ends with a worker that is killed.
 */
export function durableDeliveries(tour: readonly DemoDelivery[]): DemoDelivery[] {
  return tour.flatMap((delivery) => {
    switch (delivery.name) {
      case "Gemini's retry":
        return [];
      case 'the same once more':
        return [
          { ...accepted(delivery), story: 'Gemini sends it once more. It is stored already: no method runs again.' },
        ];
      case 'a method fails':
        return [failing(delivery), killed(delivery)];
      default:
        return [delivery.expected.status === 200 ? accepted(delivery) : delivery];
    }
  });
}

function accepted(delivery: DemoDelivery): DemoDelivery {
  return { ...delivery, expected: { ...delivery.expected, status: 202, word: 'accepted' } };
}

function failing(delivery: DemoDelivery): DemoDelivery {
  return {
    ...delivery,
    story: 'A batch has failed, and the pager is down. The worker tries again, and only the method that failed.',
    expected: { status: 202, word: 'accepted', handlers: [ALERT, AUDIT, ALERT] },
  };
}

function killed({ url, signing }: DemoDelivery): DemoDelivery {
  const data = { id: 'batch_1003', error_code: 'INTERNAL', error_message: 'something went wrong' };
  return {
    name: 'the worker is killed',
    story: 'Another batch has failed. While somebody is being paged the worker is killed: nothing is lost.',
    url,
    signing: { ...signing, id: 'msg_7', event: { type: 'batch.failed', data } },
    expected: { status: 202, word: 'accepted', handlers: [AUDIT, ALERT] },
  };
}
