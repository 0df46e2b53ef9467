import { jobOf, newDeliveries } from '../inbox/contenders.js';
import { withPostgres, withRedis } from '../inbox/stores.js';

const BATCH = 1_000;
const PROGRESS = JSON.stringify({
  handlers: { 'BatchHandlers.publish': 'succeeded', 'BatchHandlers.invoice': 'failed' },
  announced: true,
  givenUpAt: 12,
});

const FAIL_IN_POSTGRES = `
  UPDATE job SET state = 'failed', attempts_made = 12, attempts_started = 12, failed_reason = 'BatchHandlers.invoice failed',
         progress = $2, finished_at_ms = added_at_ms + 1, processed_at_ms = added_at_ms
   WHERE queue = $1 AND state = 'waiting'`;
const FAIL_IN_REDIS = `
  local key = KEYS[1]
  while true do
    local id = redis.call('RPOP', key .. 'wait')
    if not id then return end
    local at = redis.call('HGET', key .. id, 'timestamp') + 1
    redis.call('HSET', key .. id, 'failedReason', 'BatchHandlers.invoice failed', 'finishedOn', at, 'processedOn', at, 'atm', 12,
      'ats', 12, 'progress', ARGV[1])
    redis.call('ZADD', key .. 'failed', at, id)
  end`;

/** Stores so many events as exhausted their attempts: a worker would take an hour to fail as many. */
export async function storeFailed({ name, url, prefix }, queue, queueName, events) {
  for (let stored = 0; stored < events; stored += BATCH) {
    await queue.addBulk(newDeliveries(Math.min(BATCH, events - stored)).map(jobOf));
  }
  await failWaiting({ name, url, prefix }, queueName);
}

/** Fails what waits, as if it had been tried in vain. */
export async function failWaiting({ name, url, prefix }, queueName) {
  if (name === 'Redis') {
    await withRedis(url, (redis) => redis.eval(FAIL_IN_REDIS, 1, `${prefix}:${queueName}:`, PROGRESS));
    return;
  }
  await withPostgres(url, async (client) => {
    await client.query(`SET search_path = ${prefix}`);
    await client.query(FAIL_IN_POSTGRES, [queueName, PROGRESS]);
    await client.query('ANALYZE job');
  });
}
