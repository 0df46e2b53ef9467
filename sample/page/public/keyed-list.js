/**
 * @template T
 * @typedef {{ element: Element, update: (item: T) => void }} Row
 */

/**
 * A list on the page that follows a list of items. An element stays the same as long as its item's key is there, so that
 * focus, an open `<details>`, a scroll position and a playing video survive every update.
 *
 * @template T
 */
export class KeyedList {
  /** @type {Map<unknown, Row<T>>} */
  #rows = new Map();
  #container;
  #keyOf;
  #create;

  /**
   * @param {Element} container
   * @param {(item: T) => unknown} keyOf
   * @param {(item: T) => Row<T>} create
   */
  constructor(container, keyOf, create) {
    this.#container = container;
    this.#keyOf = keyOf;
    this.#create = create;
  }

  /** @param {readonly T[]} items in the order in which they are shown; each key once */
  update(items) {
    this.#removeAllBut(new Set(items.map((item) => this.#keyOf(item))));
    /** @type {Element | null} */
    let next = null;
    for (const item of items.toReversed()) {
      const { element, update } = this.#rowOf(item);
      update(item);
      const isInPlace = element.parentNode === this.#container && element.nextElementSibling === next;
      if (!isInPlace) this.#container.insertBefore(element, next);
      next = element;
    }
  }

  /** @param {Set<unknown>} keys */
  #removeAllBut(keys) {
    for (const [key, { element }] of this.#rows) {
      if (keys.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
  }

  /** @param {T} item */
  #rowOf(item) {
    const key = this.#keyOf(item);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = this.#create(item);
    this.#rows.set(key, row);
    return row;
  }
}
