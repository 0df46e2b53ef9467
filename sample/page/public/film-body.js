/** @import { FilmView, WorkflowView } from '../page-api.js' */
import { KeyedList } from './keyed-list.js';
import { fromTemplate, setAttribute, setText } from './parts.js';

/** @typedef {FilmView['scenes'][number]} Scene */
/** @typedef {{ scene: Scene, number: number }} NumberedScene */

/** @type {Readonly<Record<Scene['status'], string>>} */
const SCENE_WORDS = { waiting: 'waiting', running: 'being filmed', done: 'done', failed: 'failed' };

/** What only a film has on its card: its scenes as a strip, and the film itself once it is there. */
export class FilmBody {
  #part;
  /** @type {KeyedList<NumberedScene>} */
  #strip;
  /** @type {KeyedList<NumberedScene>} */
  #prompts;

  constructor() {
    const { root, part } = fromTemplate('film-body');
    this.element = root;
    this.#part = part;
    this.#strip = new KeyedList(part('strip'), ({ number }) => number, createFrame);
    this.#prompts = new KeyedList(part('prompts'), ({ number }) => number, createPrompt);
  }

  /** @param {WorkflowView} view */
  update({ film, title }) {
    if (film === null) return;
    const scenes = film.scenes.map((scene, index) => ({ scene, number: index + 1 }));
    this.#strip.update(scenes);
    this.#prompts.update(scenes);
    setText(this.#part('caption'), captionOf(scenes, film));
    this.#showVideo(film, title);
  }

  /**
   * The player is made once for each film, so that updates do not stop it.
   *
   * @param {FilmView} film
   * @param {string} title
   */
  #showVideo({ video }, title) {
    const [screen, download] = [this.#part('screen'), this.#part('download')];
    screen.hidden = video === null;
    download.hidden = video === null;
    if (video === null || screen.firstElementChild?.getAttribute('src') === video) return;
    const player = document.createElement('video');
    player.controls = true;
    // With less, Chromium shows no picture before it plays.
    player.preload = 'auto';
    player.playsInline = true;
    player.dataset['testid'] = 'film-video';
    player.setAttribute('aria-label', `The film: ${title}`);
    player.src = video;
    screen.replaceChildren(player);
    setAttribute(download, 'href', video);
  }
}

function createFrame() {
  const { root, part } = fromTemplate('film-frame');
  /** @param {NumberedScene} item */
  function update({ scene, number }) {
    root.dataset['status'] = scene.status;
    root.dataset['softened'] = String(scene.softened);
    root.title = scene.prompt;
    setText(part('number'), String(number));
    setText(part('words'), `Scene ${number}: ${stateOf(scene)}`);
  }
  return { element: root, update };
}

function createPrompt() {
  const { root, part } = fromTemplate('film-prompt');
  /** @param {NumberedScene} item */
  function update({ scene }) {
    setText(part('prompt'), scene.prompt);
    setText(part('state'), stateOf(scene));
  }
  return { element: root, update };
}

/** @param {Scene} scene */
function stateOf({ status, softened }) {
  return SCENE_WORDS[status] + (softened ? ', with a softened prompt' : '');
}

/**
 * @param {readonly NumberedScene[]} scenes
 * @param {FilmView} film
 */
function captionOf(scenes, { seconds, video }) {
  const current = scenes.find(({ scene }) => scene.status === 'running' || scene.status === 'failed');
  if (current !== undefined) return `Scene ${current.number} ${stateOf(current.scene)}: ${current.scene.prompt}`;
  if (video !== null) return `${seconds} s in ${scenes.length} scenes.`;
  return scenes.every(({ scene }) => scene.status === 'done') ? 'All scenes are done. Downloading…' : 'Starting…';
}
