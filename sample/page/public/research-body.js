/** @import { ResearchView, WorkflowView } from '../page-api.js' */
import { send, showingProblem } from './api.js';
import { fromTemplate, setText, setTextOrHide } from './parts.js';
import { reportElements } from './report-text.js';

/** What only a research has on its card: the question, the approval that it waits for, and the report. */
export class ResearchBody {
  #id;
  #part;
  #title;
  #isDeciding = false;
  /** @type {string | null} */
  #report = null;

  /**
   * @param {string} id
   * @param {HTMLElement} title what gets the focus when the approval's buttons go
   */
  constructor(id, title) {
    const { root, part } = fromTemplate('research-body');
    this.element = root;
    this.#id = id;
    this.#part = part;
    this.#title = title;
    part('approval-heading').id = `approval-${id}`;
    part('approval').setAttribute('aria-labelledby', `approval-${id}`);
    part('approve').addEventListener('click', () => this.#decide(true));
    part('decline').addEventListener('click', () => this.#decide(false));
  }

  /** @param {WorkflowView} view */
  update({ research, status, title }) {
    if (research === null) return;
    setTextOrHide(this.#part('question'), research.question === title ? null : research.question);
    this.#showApproval(research);
    setTextOrHide(this.#part('hint'), hintOf(research, status));
    this.#showReport(research.report);
    const parts = ['question', 'approval', 'hint', 'report'].map(this.#part);
    this.element.hidden = parts.every(({ hidden }) => hidden);
  }

  /** @param {ResearchView} research */
  #showApproval({ approval }) {
    const place = this.#part('approval');
    if (approval === null && place.contains(document.activeElement)) this.#title.focus();
    place.hidden = approval === null;
    setText(this.#part('budget'), approval?.budget ?? '');
    setText(this.#part('reason'), approval?.reason ?? '');
  }

  /** @param {string | null} report */
  #showReport(report) {
    if (report === this.#report) return;
    this.#report = report;
    this.#part('report').hidden = report === null;
    this.#part('report-text').replaceChildren(...reportElements(report ?? ''));
  }

  /** @param {boolean} approved */
  async #decide(approved) {
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    const place = this.#part('approval');
    place.setAttribute('aria-busy', 'true');
    await showingProblem(this.#part('problem'), async () => {
      await send('POST', `/api/research/${encodeURIComponent(this.#id)}/decision`, { approved });
    });
    place.removeAttribute('aria-busy');
    this.#isDeciding = false;
  }
}

/**
 * @param {ResearchView} research
 * @param {WorkflowView['status']} status
 */
function hintOf({ approval, report }, status) {
  if (status !== 'running' || approval !== null || report !== null) return null;
  return 'Working in the background. The report appears here.';
}
