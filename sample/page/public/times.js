const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const numbers = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/**
 * `5,000`
 *
 * @param {number} count
 */
export function formatCount(count) {
  return numbers.format(count);
}

/**
 * `12 ms`, `1.2 s`, `2 min 5 s`
 *
 * @param {number} milliseconds
 */
export function formatDuration(milliseconds) {
  if (milliseconds < SECOND) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < MINUTE) return `${(milliseconds / SECOND).toFixed(1)} s`;
  return formatElapsed(milliseconds);
}

/**
 * In whole seconds: `12 s`, `2 min 5 s`, `3 h 4 min`
 *
 * @param {number} milliseconds
 */
export function formatElapsed(milliseconds) {
  const elapsed = Math.max(0, milliseconds);
  if (elapsed < MINUTE) return `${Math.floor(elapsed / SECOND)} s`;
  if (elapsed < HOUR) return `${Math.floor(elapsed / MINUTE)} min ${Math.floor((elapsed % MINUTE) / SECOND)} s`;
  return `${Math.floor(elapsed / HOUR)} h ${Math.floor((elapsed % HOUR) / MINUTE)} min`;
}

/**
 * @param {string} from
 * @param {string} to
 */
export function millisecondsBetween(from, to) {
  return Date.parse(to) - Date.parse(from);
}

/**
 * Shows how long ago it was, from now on and always fresh; the time itself is its title.
 *
 * @param {HTMLElement} element a `<time>`
 * @param {string} at
 */
export function setRelativeTime(element, at) {
  if (element.getAttribute('datetime') === at) return;
  setTimeOf(element, at);
  element.dataset['relative'] = 'ago';
  element.textContent = ago(Date.now() - Date.parse(at));
}

/**
 * Shows how long after `start` it was: `+1.2 s`.
 *
 * @param {HTMLElement} element a `<time>`
 * @param {string} at
 * @param {string} start
 */
export function setOffsetTime(element, at, start) {
  if (element.getAttribute('datetime') === at) return;
  setTimeOf(element, at);
  element.textContent = `+${formatDuration(millisecondsBetween(start, at))}`;
}

/** Keeps all relative times of the page fresh. */
export function keepTimesFresh() {
  setInterval(() => {
    const now = Date.now();
    for (const element of document.querySelectorAll('time[data-relative]')) {
      const text = ago(now - Date.parse(element.getAttribute('datetime') ?? ''));
      if (element.textContent !== text) element.textContent = text;
    }
  }, SECOND);
}

/**
 * @param {HTMLElement} element
 * @param {string} at
 */
function setTimeOf(element, at) {
  element.setAttribute('datetime', at);
  element.title = clock.format(new Date(at));
}

/** @param {number} milliseconds */
function ago(milliseconds) {
  if (milliseconds < 2 * SECOND) return 'just now';
  if (milliseconds < MINUTE) return `${Math.floor(milliseconds / SECOND)} s ago`;
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min ago`;
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)} h ago`;
  return `${Math.floor(milliseconds / DAY)} d ago`;
}
