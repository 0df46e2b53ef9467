/** @import { ResultRow, WorkflowView } from '../page-api.js' */
/** @import { PageState } from './page-state.js' */
import { showingProblem } from './api.js';
import { KeyedList } from './keyed-list.js';
import { MOST_ROWS } from './page-state.js';
import { fromTemplate, setText } from './parts.js';
import { createResultRow } from './result-row.js';
import { newestRows, rowsAfter, rowsBefore } from './result-pages.js';
import { formatCount } from './times.js';

/** What only a batch has on its card: its newest rows as they stream in, and older ones by the page. */
export class BatchBody {
  #id;
  #state;
  #part;
  /** @type {KeyedList<ResultRow>} */
  #list;
  /** The page that a person has turned to; null while the newest rows are followed. @type {readonly ResultRow[] | null} */
  #page = null;
  #total = 0;
  /** Of which `state` the newest rows were asked for. */
  #loadedGeneration = 0;

  /**
   * @param {string} id
   * @param {PageState} state
   */
  constructor(id, state) {
    const { root, part } = fromTemplate('batch-body');
    this.element = /** @type {HTMLDetailsElement} */ (root);
    this.#id = id;
    this.#state = state;
    this.#part = part;
    this.#list = new KeyedList(part('rows'), ({ position }) => position, createResultRow);
    part('older').addEventListener('click', () => this.#turn(() => this.#olderPage()));
    part('newer').addEventListener('click', () => this.#turn(() => this.#newerPage()));
    part('newest').addEventListener('click', () => this.#turn(async () => null));
    root.addEventListener('toggle', () => this.#loadNewest());
  }

  /** @param {WorkflowView} view */
  update({ batch }) {
    this.#total = (batch?.good ?? 0) + (batch?.failed ?? 0);
    this.#loadNewest();
    this.#show();
  }

  get #rows() {
    return this.#page ?? this.#state.rowsOf(this.#id);
  }

  #show() {
    const rows = this.#rows;
    const isPage = this.#page !== null;
    this.#list.update(rows);
    this.#part('empty').hidden = this.#total > 0;
    this.#part('scroll').hidden = rows.length === 0;
    this.#part('pager').hidden = this.#total <= MOST_ROWS;
    this.#enable('newer', isPage);
    this.#enable('newest', isPage);
    const { position: last } = rows[0] ?? { position: 0 };
    const { position: first } = rows.at(-1) ?? { position: 0 };
    this.#enable('older', first > 0);
    const shown = isPage ? `${formatCount(first + 1)} to ${formatCount(last + 1)}` : `newest ${rows.length}`;
    setText(this.#part('range'), rows.length === 0 ? '' : `${shown} of ${formatCount(this.#total)}`);
  }

  /**
   * Not by `disabled`, which would take the focus from a button that somebody pages with.
   *
   * @param {string} name
   * @param {boolean} isEnabled
   */
  #enable(name, isEnabled) {
    this.#part(name).setAttribute('aria-disabled', String(!isEnabled));
  }

  /** @param {() => Promise<readonly ResultRow[] | null>} load */
  #turn(load) {
    return showingProblem(this.#part('problem'), async () => {
      this.#page = await load();
      this.#show();
      this.#part('scroll').scrollTop = 0;
    });
  }

  async #olderPage() {
    const lowest = this.#rows.at(-1)?.position ?? 0;
    const older = await rowsBefore(this.#id, lowest);
    return older.length === 0 ? this.#page : older;
  }

  async #newerPage() {
    if (this.#page === null) return null;
    const newer = await rowsAfter(this.#id, this.#page[0]?.position ?? 0);
    return newer.length < MOST_ROWS ? null : newer;
  }

  /** After each `state`, and when opened: rows may have come that this page was not told of. */
  #loadNewest() {
    if (!this.element.open || this.#total === 0 || this.#loadedGeneration === this.#state.generation) return;
    this.#loadedGeneration = this.#state.generation;
    void showingProblem(this.#part('problem'), async () => {
      this.#state.addRows(this.#id, await newestRows(this.#id, this.#total));
      this.#show();
    });
  }
}
