import type { Answer } from '../answer.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'clock';

/** Well within the tolerance of 300 s, and well above what a `date` header and a slow network make of it. */
const MOST_APART_SECONDS = 30;

/**
 * Whether the clock of the app goes as the sender's does.
 *
 * @param google what Google's key server answered, whose clock is the one that counts
 */
export function clockCheck(app: Answer, google: Answer): Check {
  if (app.clockAheadMs === undefined) return skipped(NAME, 'the answers of the app have no date');
  const isGoogles = google.clockAheadMs !== undefined;
  const seconds = Math.round((app.clockAheadMs - (google.clockAheadMs ?? 0)) / 1000);
  const other = isGoogles ? "the key server's" : "this machine's";
  if (Math.abs(seconds) <= 1) return passed(NAME, `the app's clock goes as ${other} does`);
  const found = `the app's clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ${other}`;
  if (Math.abs(seconds) <= MOST_APART_SECONDS) return passed(NAME, found);
  return failed(
    NAME,
    found,
    `Deliveries that seem older or newer than toleranceSeconds (300) are refused: let NTP set ${isGoogles ? "the server's clock" : 'both clocks'}.`,
  );
}
