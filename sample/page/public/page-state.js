/** @import { DeliveryView, FaultView, LiveMessages, LiveState, ResultRow, WorkflowView } from '../page-api.js' */

const MOST_WORKFLOWS = 50;
const MOST_DELIVERIES = 50;
/** How many of a batch's rows are kept, and shown at once. */
export const MOST_ROWS = 20;

/** What the page knows: the last `state`, and what has come since. Every list in it is capped. */
export class PageState {
  /** Newest first. @type {readonly WorkflowView[]} */
  workflows = [];
  /** Newest first. @type {readonly DeliveryView[]} */
  deliveries = [];
  /** @type {readonly FaultView[] | null} */
  faults = null;
  /** Which process serves the page; null until the first `state`. @type {string | null} */
  process = null;
  /** The bus's last event, and when it came. @type {(LiveMessages['event'] & { at: string }) | null} */
  lastEvent = null;
  /** How many `state` messages have come: with each, rows may have been missed. */
  generation = 0;
  /** The newest rows of each batch, newest first. @type {Map<string, readonly ResultRow[]>} */
  #rows = new Map();

  /** @param {string} workflow */
  rowsOf(workflow) {
    return this.#rows.get(workflow) ?? [];
  }

  /**
   * Takes a message in.
   *
   * @template {keyof LiveMessages} Name
   * @param {Name} name
   * @param {LiveMessages[Name]} data
   */
  take(name, data) {
    const take = /** @type {(data: LiveMessages[Name]) => void} */ (this.#messages[name]);
    take(data);
  }

  /** @type {{ [Name in keyof LiveMessages]: (data: LiveMessages[Name]) => void }} */
  #messages = {
    state: (state) => this.#setState(state),
    workflow: (workflow) => this.#setWorkflow(workflow),
    delivery: (delivery) => this.#addDelivery(delivery),
    event: (event) => (this.lastEvent = { ...event, at: new Date().toISOString() }),
    results: ({ workflow, rows }) => this.addRows(workflow, rows),
    faults: (faults) => (this.faults = faults),
  };

  /** @param {LiveState} state */
  #setState({ workflows, deliveries, faults, process }) {
    this.workflows = newestFirst(workflows);
    this.deliveries = deliveries.slice(0, MOST_DELIVERIES);
    this.faults = faults;
    this.process = process;
    this.generation += 1;
    const ids = new Set(this.workflows.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
  }

  /** @param {WorkflowView} workflow */
  #setWorkflow(workflow) {
    this.workflows = newestFirst([workflow, ...this.workflows.filter(({ id }) => id !== workflow.id)]);
  }

  /** @param {DeliveryView} delivery */
  #addDelivery(delivery) {
    const others = this.deliveries.filter(({ id }) => id !== delivery.id);
    this.deliveries = [delivery, ...others].toSorted((a, b) => b.id - a.id).slice(0, MOST_DELIVERIES);
  }

  /**
   * @param {string} workflow
   * @param {readonly ResultRow[]} rows in any order, known ones among them
   */
  addRows(workflow, rows) {
    const byPosition = new Map([...this.rowsOf(workflow), ...rows].map((row) => [row.position, row]));
    const newest = [...byPosition.values()].toSorted((a, b) => b.position - a.position).slice(0, MOST_ROWS);
    this.#rows.set(workflow, newest);
  }
}

/** @param {readonly WorkflowView[]} workflows */
function newestFirst(workflows) {
  return workflows
    .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt) || b.id.localeCompare(a.id))
    .slice(0, MOST_WORKFLOWS);
}
