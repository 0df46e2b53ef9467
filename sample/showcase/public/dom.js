/**
 * Creates an element. `text` sets its text, `data` its data attributes, `on…` adds listeners; everything else is an
 * attribute, left out when it is null or false.
 *
 * @param {string} tag
 * @param {Record<string, any>} [options]
 * @param {...(Node | string)} children
 */
export function el(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === 'text') element.textContent = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** @param {string} id */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * Shows a list. The element of an item stays the same while its key is there, so that focus, an open `<details>` and a
 * playing video survive each update.
 *
 * @template T
 * @param {Element} container
 * @param {(item: T) => { element: Element, update?: (item: T) => void }} create
 */
export function keyedList(container, create) {
  /** @type {Map<unknown, ReturnType<typeof create>>} */
  const rows = new Map();
  return (/** @type {readonly (T & { id: unknown })[]} */ items) => {
    const keys = new Set(items.map(({ id }) => id));
    for (const [key, { element }] of rows) {
      if (keys.has(key)) continue;
      element.remove();
      rows.delete(key);
    }
    items.forEach((item, index) => {
      const row = rows.get(item.id) ?? create(item);
      rows.set(item.id, row);
      row.update?.(item);
      if (container.children[index] !== row.element)
        container.insertBefore(row.element, container.children[index] ?? null);
    });
  };
}

/**
 * Sends JSON to the app.
 *
 * @param {'POST' | 'PUT'} method
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<any>} the response's body @throws Error with a message for a person
 */
export async function send(method, path, body) {
  const request = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, request).catch(() => {
    throw new Error('The app cannot be reached. Try again when it runs.');
  });
  const answer = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new Error(answer?.detail ?? `The app responded with ${response.status}. Try again in a moment.`);
}

/**
 * Runs what a button is for. It shows the outcome, or what went wrong, in `place`.
 *
 * @param {HTMLElement} button
 * @param {HTMLElement} place
 * @param {() => Promise<Node | string>} action
 */
export async function act(button, place, action) {
  // Not `disabled`, which would take the focus from the button.
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    place.replaceChildren(await action());
  } catch (error) {
    place.replaceChildren(el('span', { class: 'problem', text: /** @type {Error} */ (error).message }));
  }
  button.removeAttribute('aria-busy');
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1_000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** @param {string} at */
export function clock(at) {
  const time = new Date(at).toLocaleTimeString('en', { hour12: false });
  return el('time', { datetime: at, text: time });
}
