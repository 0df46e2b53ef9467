import type { Logger } from '@nestjs/common';
import type { Relay } from 'bullmq';

/** Format of the data that this version stores. Increased when earlier versions cannot handle new data. */
export const STORE_FORMAT = 1;

const TOPIC = 'format.';
/** Longer than failed events are kept by default. */
const RETAIN_DAYS = 30;
const RETAIN_MS = RETAIN_DAYS * 24 * 3_600_000;

/**
 * Records which format this version stores, and logs an error if a newer version has recorded a newer one: after a downgrade
 * an operator must know why events fail.
 */
export async function checkStoreFormat(
  relay: Pick<Relay<never>, 'getRetained' | 'publish'>,
  logger: Pick<Logger, 'error'>,
): Promise<void> {
  const topics = (await relay.getRetained()).map(({ topic }) => topic);
  const formats = topics.filter((topic) => topic.startsWith(TOPIC)).map((topic) => Number(topic.slice(TOPIC.length)));
  const newest = Math.max(STORE_FORMAT, ...formats);
  if (newest > STORE_FORMAT) {
    logger.error(
      `A newer version of nestjs-gemini-webhooks has used this queue in the last ${RETAIN_DAYS} days: it stores format ${newest}, and this version handles formats up to ${STORE_FORMAT}. ` +
        'Events and jobs that the newer version stored may fail, wait, or run handlers again. Deploy the newer version again, or see its docs/production.md, "Downgrade".',
    );
  }
  await relay.publish(`${TOPIC}${STORE_FORMAT}`, STORE_FORMAT, { retain: RETAIN_MS });
}
