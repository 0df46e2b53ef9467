import { adviceFor } from '../advice.js';
import { answerText, isSuccess, type Answer } from '../answer.js';
import { failed, passed, type Check } from './check.js';

/** What only a route of the module answers to a request without a signature. */
const UNSIGNED = 'missing_header';

/** Whether a route takes deliveries there, by what it answers to one without a signature. */
export function routeCheck(url: URL, answer: Answer): Check {
  const found = `POST ${url.pathname} is answered ${answerText(answer)}`;
  if (answer.status === undefined)
    return failed('route', `POST ${url.pathname}: ${answerText(answer)}`, adviceFor(answer));
  const isThere = answer.word === UNSIGNED || isSuccess(answer) || [400, 401, 403, 500].includes(answer.status);
  return isThere ? passed('route', found) : failed('route', found, adviceFor(answer));
}

/** Whether it was refused, as the module refuses. */
export function refusalCheck(answer: Answer): Check {
  const name = 'unsigned';
  if (answer.status === 400 && answer.word === UNSIGNED) return passed(name, `refused: ${answerText(answer)}`);
  if (isSuccess(answer)) {
    return failed(
      name,
      `taken: ${answerText(answer)}`,
      'Anybody can send events: put GeminiSignatureGuard on the route, or give the URL of the module.',
    );
  }
  return failed(
    name,
    `refused, but not by the module: ${answerText(answer)}`,
    adviceFor(answer) || 'Another route, guard or filter answers: compare the URL with the route of the module.',
  );
}
