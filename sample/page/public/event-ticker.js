/** @import { PageState } from './page-state.js' */
import { partsOf, setText } from './parts.js';
import { showScheme } from './scheme-badge.js';
import { setRelativeTime } from './times.js';

const GLOW_MS = 1200;

/** Shows the last event of the bus, and lights up the workflow that it is about. */
export class EventTicker {
  #part = partsOf(document);
  /** @type {PageState['lastEvent']} */
  #shown = null;

  /** @param {PageState} state */
  update({ lastEvent }) {
    if (lastEvent === null || lastEvent === this.#shown) return;
    this.#shown = lastEvent;
    this.#part('ticker').hidden = false;
    setText(this.#part('ticker-type'), lastEvent.type);
    showScheme(this.#part('ticker-scheme'), lastEvent.scheme);
    setRelativeTime(this.#part('ticker-at'), lastEvent.at);
    this.#lightUp(lastEvent.workflow);
  }

  /** @param {string | null} workflow */
  #lightUp(workflow) {
    const card = document.getElementById(`workflow-${workflow}`);
    if (card === null || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const style = getComputedStyle(card);
    const glow = { boxShadow: `0 0 0 3px ${style.getPropertyValue('--accent-line')}` };
    card.animate([glow, { boxShadow: style.boxShadow }], { duration: GLOW_MS, easing: 'ease-out' });
  }
}
