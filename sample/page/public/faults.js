/** @import { FaultView } from '../page-api.js' */
/** @import { PageState } from './page-state.js' */
import { send, showingProblem } from './api.js';
import { KeyedList } from './keyed-list.js';
import { fromTemplate, partsOf, setText } from './parts.js';
import { FAULT_WORDS } from './wording.js';

/** The panel with what can go wrong; there is none where Gemini is not simulated. */
export class Faults {
  #part = partsOf(document);
  /** @type {KeyedList<FaultView>} */
  #list = new KeyedList(this.#part('faults'), ({ name }) => name, createFault);

  constructor() {
    this.#part('kill-worker').addEventListener('click', () => this.#killWorker());
  }

  /** @param {PageState} state */
  update({ faults }) {
    for (const name of ['faults-panel', 'faults-link', 'faults-hint']) this.#part(name).hidden = faults === null;
    this.#list.update(faults ?? []);
  }

  async #killWorker() {
    const [button, outcome] = [this.#part('kill-worker'), this.#part('kill-outcome')];
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    setText(outcome, '');
    await showingProblem(this.#part('kill-problem'), async () => {
      await send('POST', '/api/faults/kill-worker');
      setText(outcome, `Killed at ${new Date().toLocaleTimeString('en')}. A new one is on its way.`);
    });
    button.removeAttribute('aria-busy');
  }
}

/** @param {FaultView} first */
function createFault({ name }) {
  const { root, part } = fromTemplate('fault');
  const { label, about } = FAULT_WORDS[name] ?? { label: name, about: '' };
  const [toggle, problem] = [part('switch'), part('problem')];
  setText(part('label'), label);
  setText(part('about'), about);
  part('label').id = `fault-${name}`;
  part('about').id = `fault-${name}-about`;
  toggle.setAttribute('aria-labelledby', part('label').id);
  toggle.setAttribute('aria-describedby', part('about').id);
  toggle.dataset['testid'] = `fault-${name}`;
  let isOn = false;

  /** @param {boolean} on */
  function show(on) {
    isOn = on;
    toggle.setAttribute('aria-checked', String(on));
  }

  toggle.addEventListener('click', async () => {
    if (toggle.getAttribute('aria-busy') === 'true') return;
    const on = !isOn;
    toggle.setAttribute('aria-busy', 'true');
    await showingProblem(problem, async () => {
      await send('PUT', `/api/faults/${encodeURIComponent(name)}`, { on });
      show(on);
    });
    toggle.removeAttribute('aria-busy');
  });

  /** @type {FaultView | undefined} */
  let last;
  /** @param {FaultView} fault */
  function update(fault) {
    // Other updates of the page do not undo what was just switched; only what the app says anew does.
    if (fault !== last) show(fault.on);
    last = fault;
  }
  return { element: root, update };
}
