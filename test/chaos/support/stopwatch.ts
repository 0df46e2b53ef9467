import { afterAll, beforeAll } from '@jest/globals';

const TICK_MS = 10;
/** A timer of an idle machine is not later than this. */
const PUNCTUAL_MS = 20;

let lastTickAt = 0;
let stalledMs = 0;
let ticker: NodeJS.Timeout;

/** Returns by how much the next tick is late already. */
function lateness(): number {
  const late = performance.now() - lastTickAt - TICK_MS;
  return late > PUNCTUAL_MS ? late : 0;
}

beforeAll(() => {
  lastTickAt = performance.now();
  ticker = setInterval(() => {
    stalledMs += lateness();
    lastTickAt = performance.now();
  }, TICK_MS);
});

afterAll(() => clearInterval(ticker));

/**
 * Starts a stopwatch, which returns milliseconds. It stands still while this process waits for a processor: what is
 * bounded in a test is how long an app takes, not how busy the machine is.
 */
export function stopwatch(): () => number {
  const clock = () => performance.now() - stalledMs - lateness();
  const startedAt = clock();
  return () => clock() - startedAt;
}
