import { adviceFor, isModuleCode, NOT_THE_MODULE } from '../advice.js';
import { resultText, isSuccess, type HttpResult } from '../http-response.js';
import { failed, passed, type Check } from './check.js';

/** Code that the module returns for a request without a signature. */
const UNSIGNED = 'missing_header';

/** Checks that a route refuses an unsigned delivery there. */
export function routeCheck(url: URL, result: HttpResult): Check {
  if (result.status === undefined)
    return failed('route', `POST ${url.pathname}: ${resultText(result)}`, adviceFor(result));
  const found = `POST ${url.pathname} returns ${resultText(result)}`;
  if (isSuccess(result)) {
    return failed(
      'route',
      `${found} although it is not signed: something else responds, not this module`,
      NOT_THE_MODULE,
    );
  }
  const isThere = isModuleCode(result.code) || [400, 401, 403, 500].includes(result.status);
  return isThere ? passed('route', found) : failed('route', found, adviceFor(result));
}

/**
 * Checks that the module itself refuses an unsigned delivery, for its missing signature.
 *
 * @param isVerified true if the app has verified a signed delivery: then the guard is there, and a filter of the app changes its refusals
 */
export function refusalCheck(result: HttpResult, isVerified: boolean): Check {
  const name = 'unsigned';
  if (result.status === 400 && result.code === UNSIGNED) return passed(name, `refused: ${resultText(result)}`);
  if (isVerified) return passed(name, `refused, in the app's own format: ${resultText(result)}`);
  if (isModuleCode(result.code)) {
    return failed(
      name,
      `refused by the module, but not for the missing signature: ${resultText(result)}`,
      adviceFor(result),
    );
  }
  return failed(
    name,
    `refused, but not by the module: ${resultText(result)}`,
    adviceFor(result) || 'Another route, guard or filter responds: compare the URL with the route of the module.',
  );
}
