/** What the app said no to, for a person. */
export class Problem extends Error {
  /** @override */
  name = 'Problem';
}

/**
 * Sends JSON to the app and gives what it answers, or throws a `Problem`.
 *
 * @param {'GET' | 'POST' | 'PUT'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<unknown>}
 */
export async function send(method, path, body) {
  const response = await answerTo(path, {
    method,
    headers: { accept: 'application/json, application/problem+json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Problem(problemText(response, answer));
  return answer;
}

/**
 * Runs what a control is for, and shows beside the control what went wrong.
 *
 * @param {HTMLElement} place where the problem is shown
 * @param {() => Promise<void>} action
 */
export async function showingProblem(place, action) {
  place.hidden = true;
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    place.textContent = error.message;
    place.hidden = false;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} request
 */
async function answerTo(path, request) {
  try {
    return await fetch(path, request);
  } catch (error) {
    throw new Problem('The app cannot be reached. Try again when it runs.', { cause: error });
  }
}

/**
 * @param {Response} response
 * @param {unknown} answer
 */
function problemText(response, answer) {
  const { title, detail } = /** @type {{ title?: unknown, detail?: unknown }} */ (answer ?? {});
  // The title only names the status, unless there is nothing else.
  const text = [detail, title].find((candidate) => typeof candidate === 'string' && candidate !== '');
  return text === undefined ? `The app answered ${response.status}. Try again in a moment.` : String(text);
}
