/** @import { DeliveryView } from '../page-api.js' */
/** @import { PageState } from './page-state.js' */
import { KeyedList } from './keyed-list.js';
import { fromTemplate, partsOf, setAttribute, setIcon, setName, setText, setTextOrHide } from './parts.js';
import { fillLegend, showScheme } from './scheme-badge.js';
import { setRelativeTime } from './times.js';
import { CODE_WORDS, OUTCOME_WORDS } from './wording.js';

const SHOWN_AT_FIRST = 12;
const ICONS = { accepted: 'handled', duplicate: 'note', refused: 'failed', unavailable: 'failed' };

/** The panel with what was posted to the webhook's route. */
export class Deliveries {
  #part = partsOf(document);
  /** @type {KeyedList<DeliveryView>} */
  #list = new KeyedList(this.#part('deliveries'), ({ id }) => id, createDelivery);
  #showsAll = false;
  /** @type {readonly DeliveryView[]} */
  #deliveries = [];

  constructor() {
    fillLegend(this.#part('legend'));
    this.#part('deliveries-more').addEventListener('click', () => {
      this.#showsAll = !this.#showsAll;
      this.#show();
    });
  }

  /** @param {PageState} state */
  update({ deliveries, process }) {
    this.#deliveries = deliveries;
    this.#part('deliveries-empty').hidden = process === null || deliveries.length > 0;
    this.#show();
  }

  #show() {
    const deliveries = this.#deliveries;
    this.#list.update(this.#showsAll ? deliveries : deliveries.slice(0, SHOWN_AT_FIRST));
    if (deliveries.length > 0) setText(this.#part('deliveries-tally'), tallyOf(deliveries));
    const more = this.#part('deliveries-more');
    more.hidden = deliveries.length <= SHOWN_AT_FIRST;
    more.setAttribute('aria-expanded', String(this.#showsAll));
    setText(more, this.#showsAll ? 'Show fewer' : `Show ${deliveries.length - SHOWN_AT_FIRST} earlier`);
  }
}

function createDelivery() {
  const { root, part } = fromTemplate('delivery');
  /** @param {DeliveryView} delivery */
  function update({ outcome, status, code, scheme, event, workflow, process, at }) {
    root.dataset['outcome'] = outcome;
    setIcon(part('icon'), ICONS[outcome]);
    setName(part('event'), event ?? code ?? 'unknown');
    setAttribute(part('event'), 'href', workflow === null ? null : `#workflow-${workflow}`);
    showScheme(part('scheme'), scheme);
    setText(part('outcome'), `${OUTCOME_WORDS[outcome]}, ${status}`);
    setTextOrHide(part('code'), event === null ? null : code);
    setText(part('process'), process);
    setTextOrHide(part('why'), code === null ? null : (CODE_WORDS[code] ?? null));
    setRelativeTime(part('at'), at);
  }
  return { element: root, update };
}

/** @param {readonly DeliveryView[]} deliveries */
function tallyOf(deliveries) {
  const counts = Object.entries(OUTCOME_WORDS).map(([outcome, words]) => {
    const count = deliveries.filter((delivery) => delivery.outcome === outcome).length;
    const isPlural = outcome === 'duplicate' && count !== 1;
    return { count, text: `${count} ${words.toLowerCase()}${isPlural ? 's' : ''}` };
  });
  const texts = counts.filter(({ count }) => count > 0).map(({ text }) => text);
  return `Of the last ${deliveries.length}: ${texts.join(', ')}.`;
}
