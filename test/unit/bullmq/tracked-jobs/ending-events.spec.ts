import { describe, expect, it } from '@jest/globals';
import { toDeliveryJobData, withDecision } from '../../../../lib/bullmq/store/delivery-job.js';
import type { DeliveryJob, DeliveryQueue } from '../../../../lib/bullmq/store/inbox-store.js';
import { endingEventFinder } from '../../../../lib/bullmq/tracked-jobs/ending-events.js';
import { deliveryOfJob, newJob } from '../../../support/scripted-gemini.js';

const VIDEO = newJob({ id: `job.video.${crypto.randomUUID()}`, kind: 'video', name: 'interactions/video' });
const INTERACTION = newJob({
  id: `job.interaction.${crypto.randomUUID()}`,
  kind: 'interaction',
  name: 'interactions/text',
});

/** Returns the event that is found while the inbox holds this delivery. */
async function found(job = VIDEO, stored: Partial<DeliveryJob> & Pick<DeliveryJob, 'data'>) {
  const queue = { getJob: async () => stored } as unknown as DeliveryQueue;
  const delivery = await endingEventFinder(async () => queue, 'default')(job);
  return delivery;
}

const sentFor = (job = VIDEO, type = 'interaction.failed') => toDeliveryJobData(deliveryOfJob(job, { type }));

describe('the event that ended a job', () => {
  it.each(['interaction.completed', 'interaction.failed', 'interaction.cancelled'])(
    'is not found for a video while its worker has not decided what handlers receive for %s',
    async (type) => {
      expect(await found(VIDEO, { data: sentFor(VIDEO, type) })).toBeUndefined();
    },
  );

  it('is found for a video once it is decided', async () => {
    const decided = withDecision(sentFor(), { type: 'video.failed', data: { id: 'video', reason: 'failed' } });

    expect(await found(VIDEO, { data: decided })).toBe(decided);
  });

  it('is found for a video as it was handled, decided or not', async () => {
    const data = sentFor();

    expect(await found(VIDEO, { data, finishedOn: Date.now() })).toBe(data);
  });

  it('is found for an interaction as it was sent', async () => {
    const data = sentFor(INTERACTION);

    expect(await found(INTERACTION, { data })).toBe(data);
  });
});
