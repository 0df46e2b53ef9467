import type { HttpResult } from '../http-response.js';
import { failed, NO_RESPONSE, passed, skipped, type Check } from './check.js';

const NAME = 'clock';

/** Well within the tolerance of 300 s, and well above the error of a `date` header and a slow network. */
const MAX_DIFFERENCE_SECONDS = 30;

/**
 * Compares the clock of the app with the sender's.
 *
 * @param google response of Google's key server, whose clock counts; `undefined` if the key set was not fetched
 */
export function clockCheck(app: HttpResult, google: HttpResult | undefined): Check {
  if (app.status === undefined) return skipped(NAME, NO_RESPONSE);
  if (app.clockAheadMs === undefined) return skipped(NAME, 'the responses of the app have no date header');
  const isGoogle = google?.clockAheadMs !== undefined;
  const seconds = Math.round((app.clockAheadMs - (google?.clockAheadMs ?? 0)) / 1000);
  const other = isGoogle ? "the key server's" : "this machine's";
  if (Math.abs(seconds) <= 1) return passed(NAME, `the app's clock agrees with ${other}`);
  const found = `the app's clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ${other}`;
  if (Math.abs(seconds) <= MAX_DIFFERENCE_SECONDS) return passed(NAME, found);
  return failed(
    NAME,
    found,
    `The app refuses deliveries that seem older or newer than toleranceSeconds (300): synchronize ${isGoogle ? "the server's clock" : 'both clocks'} with NTP.`,
  );
}
