import { signGeminiDelivery } from '../../testing/sign-delivery.js';
import { adviceFor } from '../advice.js';
import { answerText, answerTo, isSuccess, type Answer } from '../answer.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'raw body';

/** None of Gemini's types: handlers of `*` see it, and any app answers it 2xx once it is verified. */
const TYPE = 'doctor.check';
const COMPACT = JSON.stringify({ type: TYPE, version: 'v1', timestamp: '2026-01-22T12:00:00Z', data: {} });
/** The same event in bytes that no parser writes again. */
const UNUSUAL = COMPACT.replace('{}', ' { } ').replace('doctor', '\\u0064octor');

/** Whether the app verifies the bytes as they were sent, with a secret that signs for it. */
export async function signedDeliveryCheck(
  url: URL,
  secrets: readonly string[],
  fetch: typeof globalThis.fetch,
): Promise<Check> {
  if (secrets.length === 0) {
    return skipped(NAME, 'no signed delivery was sent', 'Set GEMINI_WEBHOOK_SECRET or give --secret.');
  }
  const send = (event: string): Promise<Answer> => {
    const { headers, body } = signGeminiDelivery({ event, secret: secrets });
    return answerTo(url, { method: 'POST', headers, body }, fetch);
  };
  const answer = await send(UNUSUAL);
  if (isSuccess(answer)) return passed(NAME, `a signed delivery is taken: ${answerText(answer)}`);
  const found = `a signed delivery is refused: ${answerText(answer)}`;
  if (answer.word !== 'signature_mismatch') return failed(NAME, found, adviceFor(answer));
  if (isSuccess(await send(COMPACT))) {
    return failed(
      NAME,
      'a signed delivery is taken only when its JSON is compact',
      'Something in front of the app parses the body and writes it anew: have it pass on the bytes.',
    );
  }
  return failed(
    NAME,
    found,
    'The app has another secret, or something in front of it changes the body: compare the secrets, then the proxies.',
  );
}
