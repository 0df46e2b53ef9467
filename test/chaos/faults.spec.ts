import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { STORES } from '../support/stores.js';
import { runFaults, type Outcome } from './support/fault-run.js';
import { faultTable } from './support/fault-table.js';
import { LOSSY_POSTGRES, LOSSY_REDIS } from './support/setups/lossy-network.js';
import { PROMOTED_POSTGRES, REDIS_CLUSTER, REDIS_SENTINEL } from './support/setups/several-servers.js';
import { INLINE, PGBOUNCER, POSTGRES, REDIS, VALKEY } from './support/setups/single-servers.js';
import { EACH, FULL } from './support/setups/setup.js';

/** `npm run faults` delivers 10,000 events on each setup. */
const EVENTS = Number(process.env['FAULTS_EVENTS'] ?? (FULL ? 10_000 : 300));
const HAS_REDIS = STORES.some(({ name }) => name === 'Redis');
const SETUPS = [
  INLINE,
  REDIS,
  VALKEY,
  REDIS_CLUSTER,
  REDIS_SENTINEL,
  LOSSY_REDIS,
  POSTGRES,
  PGBOUNCER,
  PROMOTED_POSTGRES,
  LOSSY_POSTGRES,
].filter(({ name, usual }) => (usual || FULL || EACH) && (HAS_REDIS || !name.startsWith('Redis')));

jest.setTimeout(FULL || EACH ? 1_800_000 : 120_000);

const outcomes: Outcome[] = [];

afterAll(() => void process.stdout.write(faultTable(outcomes)));

describe.each(SETUPS)('faults with the inbox on $name', (setup) => {
  it(`lose none of ${EVENTS} events, and run handlers again only where a process was killed`, async () => {
    const outcome = await runFaults(setup, EVENTS);
    outcomes.push(outcome);

    expect(outcome.lost).toEqual([]);
    expect(outcome.taken).toBe(EVENTS);
    expect(outcome.again).toMatchObject({ otherwise: [], ...(!setup.tolerated && { skewed: [] }) });
    expect(outcome.failed).toBe(0);
    expect(outcome.uncaught).toEqual([]);
  });
});
