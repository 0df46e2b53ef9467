/** @import { WorkflowView } from '../page-api.js' */
import { KIND_WORDS } from './wording.js';

/** Says to those who do not see the page what they would want to know, and marks the title while somebody is waited for. */
export class Announcer {
  #place;
  /** @type {Map<string, string> | null} */
  #said = null;

  /** @param {HTMLElement} place with `aria-live` */
  constructor(place) {
    this.#place = place;
  }

  /** @param {readonly WorkflowView[]} workflows */
  update(workflows) {
    const news = new Map(workflows.map((workflow) => [workflow.id, newsOf(workflow)]));
    // What was so when the page was opened is no news.
    if (this.#said !== null) {
      const texts = [...news]
        .filter(([id, text]) => text !== '' && this.#said?.get(id) !== text)
        .map(([, text]) => text);
      if (texts.length > 0) this.#place.textContent = texts.join(' ');
    }
    this.#said = news;
    const waiting = workflows.filter(({ status }) => status === 'waiting').length;
    const title = `${waiting > 0 ? `(${waiting}) ` : ''}Gemini workflows`;
    if (document.title !== title) document.title = title;
  }
}

/** @param {WorkflowView} workflow */
function newsOf({ kind, title, status, failure, research }) {
  const name = `${KIND_WORDS[kind]} “${title}”`;
  if (status === 'waiting' && research?.approval)
    return `${name} waits for you to approve ${research.approval.budget}.`;
  if (status === 'failed') return `${name} failed: ${failure ?? 'no reason is known'}.`;
  return status === 'succeeded' ? `${name} succeeded.` : '';
}
