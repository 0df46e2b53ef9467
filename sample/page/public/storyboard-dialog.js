import { fromTemplate, partsOf, setText } from './parts.js';
import { DEFAULT_STORYBOARD } from './storyboard.js';

/** The dialog in which a film's scenes are edited: as many as a film can have, of which the first are filmed. */
export class StoryboardDialog {
  #dialog;
  #scenes;

  /** @param {() => void} onChange */
  constructor(onChange) {
    const part = partsOf(document);
    this.#dialog = /** @type {HTMLDialogElement} */ (part('storyboard'));
    this.#scenes = DEFAULT_STORYBOARD.map((prompt, index) => sceneOf(prompt, index));
    part('storyboard-scenes').append(...this.#scenes.map(({ root }) => root));
    part('storyboard-reset').addEventListener('click', () => this.#reset());
    this.#dialog.addEventListener('input', onChange);
    this.#dialog.addEventListener('close', onChange);
  }

  /** @param {number} count how many scenes the film has: the others are shown as left out */
  open(count) {
    for (const [index, { root, label }] of this.#scenes.entries()) {
      const isFilmed = index < count;
      root.classList.toggle('left-out', !isFilmed);
      setText(label, isFilmed ? `Scene ${index + 1}` : `Scene ${index + 1}, not filmed`);
    }
    this.#dialog.showModal();
  }

  /**
   * The first `count` scenes, without empty ones.
   *
   * @param {number} count
   */
  prompts(count) {
    return this.#scenes
      .slice(0, count)
      .map(({ prompt }) => prompt.value.trim())
      .filter((prompt) => prompt !== '');
  }

  #reset() {
    for (const [index, { prompt }] of this.#scenes.entries()) prompt.value = DEFAULT_STORYBOARD[index] ?? '';
    this.#scenes[0]?.prompt.focus();
  }
}

/**
 * @param {string} text
 * @param {number} index
 */
function sceneOf(text, index) {
  const { root, part } = fromTemplate('storyboard-scene');
  const label = /** @type {HTMLLabelElement} */ (part('label'));
  const prompt = /** @type {HTMLTextAreaElement} */ (part('prompt'));
  prompt.id = `scene-${index + 1}`;
  prompt.value = text;
  label.htmlFor = prompt.id;
  return { root, label, prompt };
}
