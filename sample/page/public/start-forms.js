/** @import { StartBatch, StartFilm, StartResearch } from '../page-api.js' */
import { Problem, send, showingProblem } from './api.js';
import { partsOf, setText } from './parts.js';
import { secondsOf } from './storyboard.js';
import { StoryboardDialog } from './storyboard-dialog.js';

const DEFAULT_QUESTION = 'How did lighthouses work before electricity, and who kept them?';

/** Wires up the three forms that start workflows. */
export function wireStartForms() {
  const part = partsOf(document);
  wireForm(part('start-batch'), '/api/batches', batchOf());
  wireForm(part('start-film'), '/api/films', filmOf(part('start-film')));
  wireForm(part('start-research'), '/api/research', researchOf());
}

/** @returns {() => StartBatch} */
function batchOf() {
  const prompts = field('prompts');
  return () => ({ prompts: prompts.valueAsNumber });
}

/**
 * @param {HTMLElement} form
 * @returns {() => StartFilm}
 */
function filmOf(form) {
  const part = partsOf(form);
  const count = field('scenes');
  const scenes = () => storyboard.prompts(count.valueAsNumber || 0);
  const showLength = () => setText(part('length'), `${secondsOf(scenes().length)} s`);
  const storyboard = new StoryboardDialog(showLength);
  count.addEventListener('input', showLength);
  part('edit').addEventListener('click', () => storyboard.open(count.valueAsNumber || 0));
  showLength();
  return () => {
    const prompts = scenes();
    if (prompts.length === 0) throw new Problem('The storyboard is empty. Write at least one scene.');
    return { scenes: prompts };
  };
}

/** @returns {() => StartResearch} */
function researchOf() {
  const question = field('question');
  // A reload gives back what a person has typed; only what they left empty gets the default.
  question.value ||= DEFAULT_QUESTION;
  return () => ({ question: question.value.trim() });
}

/**
 * @param {HTMLElement} form
 * @param {string} path
 * @param {() => StartBatch | StartFilm | StartResearch} body
 */
function wireForm(form, path, body) {
  const part = partsOf(form);
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button[type=submit]'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // Not `disabled`, which would take the focus from it.
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    part('started').replaceChildren();
    await showingProblem(part('problem'), async () => {
      const { id } = /** @type {{ id: string }} */ (await send('POST', path, body()));
      part('started').replaceChildren(linkTo(id));
    });
    button.removeAttribute('aria-busy');
  });
}

/** @param {string} id */
function linkTo(id) {
  const link = document.createElement('a');
  link.href = `#workflow-${id}`;
  const started = document.createElement('span');
  started.className = 'visually-hidden';
  started.textContent = 'Started. ';
  link.append(started, 'Show it');
  return link;
}

/** @param {string} id */
function field(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}
