/** @import { WorkflowView } from '../page-api.js' */
/** @import { PageState } from './page-state.js' */
import { BatchBody } from './batch-body.js';
import { FilmBody } from './film-body.js';
import { fromTemplate, setAttribute, setIcon, setText, setTextOrHide } from './parts.js';
import { ResearchBody } from './research-body.js';
import { createTimeline } from './timeline.js';
import { formatCount, formatElapsed, millisecondsBetween, setRelativeTime } from './times.js';
import { KIND_WORDS, STATUS_WORDS } from './wording.js';

/** Of more workflows than this, the older ones' details are closed at first. */
const OPEN_AT_FIRST = 4;

/**
 * A workflow on the page.
 *
 * @param {WorkflowView} first
 * @param {PageState} state
 */
export function createWorkflowCard(first, state) {
  const { root, part } = fromTemplate('workflow-card');
  const card = /** @type {HTMLElement} */ (root.firstElementChild);
  card.id = `workflow-${first.id}`;
  part('title').id = `title-${first.id}`;
  card.setAttribute('aria-labelledby', part('title').id);
  part('bar').setAttribute('aria-label', 'Progress');
  setIcon(part('icon'), first.kind);

  const timeline = createTimeline(part);
  const body = bodyOf(first, state, part('title'));
  part('body').append(body.element);
  if (state.workflows.findIndex(({ id }) => id === first.id) >= OPEN_AT_FIRST) {
    for (const details of card.querySelectorAll('details')) details.open = false;
  }

  /** @type {WorkflowView | undefined} */
  let last;
  /** @param {WorkflowView} view */
  function update(view) {
    body.update(view);
    if (view === last) return;
    last = view;
    Object.assign(card.dataset, { kind: view.kind, status: view.status, id: view.id });
    setText(part('title'), view.title);
    setText(part('kind'), KIND_WORDS[view.kind]);
    setRelativeTime(part('started'), view.startedAt);
    setText(part('took'), tookText(view));
    setText(part('status'), STATUS_WORDS[view.status]);
    setTextOrHide(part('failure'), view.failure);
    showProgress(part, view);
    timeline.update(view);
  }
  return { element: root, update };
}

/**
 * @param {WorkflowView} view
 * @param {PageState} state
 * @param {HTMLElement} title
 */
function bodyOf({ id, kind }, state, title) {
  if (kind === 'batch') return new BatchBody(id, state);
  return kind === 'film' ? new FilmBody() : new ResearchBody(id, title);
}

/**
 * @param {import('./parts.js').Part} part
 * @param {WorkflowView} view
 */
function showProgress(part, { progress: { done, total, unit }, batch }) {
  const bar = part('bar');
  const share = (/** @type {number} */ count) => `${total === 0 ? 0 : Math.min(100, (100 * count) / total)}%`;
  const failed = batch?.failed ?? 0;
  const text = `${formatCount(done)} of ${formatCount(total)} ${unit}`;
  setAttribute(bar, 'aria-valuemax', String(total));
  setAttribute(bar, 'aria-valuenow', String(done));
  setAttribute(bar, 'aria-valuetext', text);
  bar.style.setProperty('--good-share', share(done - failed));
  bar.style.setProperty('--bad-share', share(failed));
  setText(part('progress'), text);
  const hasCounts = batch !== null && batch.good + batch.failed > 0;
  setText(part('counts'), hasCounts ? `${formatCount(batch.good)} good, ${formatCount(failed)} failed` : '');
}

/** @param {WorkflowView} view */
function tookText({ startedAt, endedAt }) {
  return endedAt === null ? '' : `, took ${formatElapsed(millisecondsBetween(startedAt, endedAt))}`;
}
