import { sendRequest } from '../http-response.js';
import { NO_RESPONSE, skipped, type Check } from './check.js';
import { clockCheck } from './clock.js';
import { handlersCheck } from './handlers.js';
import { keySetCheck } from './key-set.js';
import type { Ping } from './ping.js';
import { publicUrlCheck, type Resolve } from './public-url.js';
import { refusalCheck, routeCheck } from './route.js';
import { sendSigned, type SignedDelivery } from './signed-delivery.js';

/** What to check, and the settings to use. */
export interface Examination {
  readonly url: URL;
  readonly isLocal: boolean;
  readonly secrets: readonly string[];
  readonly jwksUrl: URL;
  /** How likely the app accepts dynamic webhooks: `'asked'` if the key set was named, `'unlikely'` without an API key. */
  readonly dynamic: 'asked' | 'likely' | 'unlikely';
  readonly fetch: typeof fetch;
  readonly resolve?: Resolve;
  /** Checks on Gemini's side; `undefined` if no webhook was named. */
  readonly ping: (() => Promise<Ping>) | undefined;
}

const STATIC_ONLY = 'the app accepts static webhooks only: jwks is false, or it has no binding key for dynamic ones';
const NO_KEY = 'no API key is set here, so the app is assumed to use static webhooks only';

const NO_PING: Ping = {
  check: skipped('ping', 'no static webhook was named', 'Give --webhook, with GEMINI_API_KEY in the environment'),
  subscribed: [],
};

/** Runs all checks from outside the app, in the order in which a delivery passes through it. */
export async function examine(examination: Examination): Promise<readonly Check[]> {
  const { url, isLocal, secrets, jwksUrl, dynamic, fetch, resolve, ping } = examination;
  const fetchKeySet = () => sendRequest(jwksUrl, { headers: { accept: 'application/json' } }, fetch);
  const unsigned = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const [reachable, app, keySetResult] = await Promise.all([
    publicUrlCheck(url, isLocal, resolve),
    sendRequest(url, unsigned, fetch),
    dynamic === 'unlikely' ? undefined : fetchKeySet(),
  ]);
  const route = routeCheck(url, app);
  const isThere = route.state === 'passed';
  const unreachable = (name: string) =>
    skipped(name, app.status === undefined ? NO_RESPONSE : 'the module does not respond there');
  const signed: SignedDelivery = isThere
    ? await sendSigned(url, secrets, fetch)
    : { check: unreachable('raw body'), verified: undefined };
  const handlersSkipped =
    signed.check.state === 'skipped'
      ? { ...signed.check, name: 'handlers' }
      : skipped('handlers', 'the app has not verified a signed delivery');
  const pinged = ping ? await ping() : NO_PING;
  const report = signed.verified?.doctor;
  const google = keySetResult ?? (report?.takesDynamic ? await fetchKeySet() : undefined);
  const isStaticOnly = dynamic !== 'asked' && report?.takesDynamic === false;
  const keySetSkipped = isStaticOnly
    ? skipped('key set', STATIC_ONLY)
    : skipped('key set', NO_KEY, 'If it uses dynamic ones, give --jwks-url');
  return [
    reachable,
    route,
    isThere ? refusalCheck(app, signed.verified !== undefined) : unreachable('unsigned'),
    signed.check,
    ...(signed.inbox ? [signed.inbox] : []),
    signed.verified ? handlersCheck(report, pinged.subscribed) : handlersSkipped,
    clockCheck(app, google),
    isStaticOnly || !google ? keySetSkipped : keySetCheck(jwksUrl, google),
    pinged.check,
  ];
}
