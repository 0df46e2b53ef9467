import { answerTo } from '../answer.js';
import { skipped, type Check } from './check.js';
import { clockCheck } from './clock.js';
import { keySetCheck } from './key-set.js';
import { publicUrlCheck, type Resolve } from './public-url.js';
import { refusalCheck, routeCheck } from './route.js';
import { signedDeliveryCheck } from './signed-delivery.js';

/** What is looked at, and with what. */
export interface Examination {
  readonly url: URL;
  readonly isLocal: boolean;
  readonly secrets: readonly string[];
  readonly jwksUrl: URL;
  readonly fetch: typeof fetch;
  readonly resolve?: Resolve;
  /** The look at Gemini's side; `undefined` when nothing says which webhook. */
  readonly ping: (() => Promise<Check>) | undefined;
}

/** Looks at everything from outside, in the order in which a delivery would meet it. */
export async function examine(examination: Examination): Promise<readonly Check[]> {
  const { url, isLocal, secrets, jwksUrl, fetch, resolve, ping } = examination;
  const unsigned = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const [isPublic, app, google] = await Promise.all([
    publicUrlCheck(url, isLocal, resolve),
    answerTo(url, unsigned, fetch),
    answerTo(jwksUrl, { headers: { accept: 'application/json' } }, fetch),
  ]);
  const route = routeCheck(url, app);
  const isThere = route.state === 'passed';
  const unseen = (name: string) => skipped(name, 'no route answers');
  return [
    isPublic,
    route,
    isThere ? refusalCheck(app) : unseen('unsigned'),
    isThere ? await signedDeliveryCheck(url, secrets, fetch) : unseen('raw body'),
    clockCheck(app, google),
    keySetCheck(jwksUrl, google),
    ping ? await ping() : skipped('ping', 'not asked for', 'Give --webhook, with GEMINI_API_KEY in the environment.'),
  ];
}
