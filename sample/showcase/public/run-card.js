/** @import { BatchDetails, FilmDetails, ResearchDetails, RunView, TimelineEntry } from '../page-api.js' */
import { act, clock, duration, el, send } from './dom.js';
import { KINDS, STATUSES } from './words.js';

const SECONDS_PER_SCENE = 8;
const count = new Intl.NumberFormat('en');

/** Creates the card of a run. @param {RunView} first */
export function createRunCard(first) {
  const title = el('h3', { id: `title-${first.id}`, text: first.title });
  const when = el('p', { class: 'meta' });
  const status = el('span', { class: 'status' });
  const bar = el('progress', { max: '1', 'aria-label': 'Progress' });
  const progress = el('p', { class: 'meta', data: { testid: 'progress' } });
  const failure = el('p', { class: 'problem', data: { testid: 'failure' } });
  const body = { batch: batchBody, film: filmBody, research: researchBody }[first.kind](first.id);
  const entries = el('ol', { class: 'timeline' });
  const timeline = el('details', { open: true }, el('summary', { text: 'Sent and received' }), entries);
  const head = el('header', {}, el('div', {}, title, when), status);
  const columns = el('div', { class: 'columns' }, body.element, timeline);
  const card = { id: `run-${first.id}`, class: 'panel card', 'aria-labelledby': title.id, data: { testid: 'run' } };
  const article = el('article', card, head, bar, progress, failure, columns);

  /** @param {RunView} run */
  function update(run) {
    Object.assign(article.dataset, { kind: run.kind, status: run.status });
    const took = run.endedAt ? `, took ${duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}` : '';
    when.replaceChildren(`${KINDS[run.kind]}, started `, clock(run.startedAt), took);
    status.textContent = STATUSES[run.status];
    failure.textContent = run.failure ?? '';
    failure.hidden = run.failure === null;
    const { done, total, unit } = body.update(/** @type {any} */ (run.details), run);
    bar.setAttribute('value', String(done / total));
    progress.textContent = `${count.format(done)} of ${count.format(total)} ${unit}`;
    if (entries.childElementCount === run.timeline.length) return;
    entries.replaceChildren(...run.timeline.map((entry) => timelineEntry(entry, run.startedAt)));
    entries.scrollTop = entries.scrollHeight;
  }
  return { element: el('li', {}, article), update };
}

/**
 * @param {TimelineEntry} entry
 * @param {string} startedAt
 */
function timelineEntry({ kind, text, scheme, handler, durationMs, attempt, at }, startedAt) {
  const offset = `+${duration(Date.parse(at) - Date.parse(startedAt))}`;
  const words = { sent: 'Sent: ', event: '', handled: '', failed: 'Failed: ', note: '' }[kind];
  const badges = scheme ? [' ', el('code', { class: 'badge', data: { scheme }, text: scheme })] : [];
  const facts = [handler, durationMs !== null && duration(durationMs), attempt > 1 && `attempt ${attempt}`];
  const main = el(
    'p',
    {},
    el('span', { data: { part: 'text' }, text: words + text }),
    ...badges,
    el('time', { text: offset }),
  );
  const meta = handler ? [el('p', { class: 'meta', text: facts.filter(Boolean).join(', ') })] : [];
  return el('li', { data: { testid: 'entry', kind } }, main, ...meta);
}

function batchBody() {
  const rows = el('ol', { class: 'rows' });
  const hint = el('p', { class: 'hint', text: 'The results are read when the batch has succeeded.' });
  const element = el('div', {}, el('h4', { text: 'Results' }), hint, rows);
  return {
    element,
    /** @param {BatchDetails} details */
    update({ prompts, good, failed, rows: read }) {
      if (read.length > 0)
        hint.textContent = `${count.format(good)} good, ${count.format(failed)} failed. The first ${read.length}:`;
      rows.replaceChildren(
        ...read.map(({ key, text, error }) =>
          el('li', { data: { failed: error !== null } }, el('code', { text: key }), ' ', error ?? text ?? ''),
        ),
      );
      return { done: good + failed, total: prompts, unit: 'results' };
    },
  };
}

/** @param {string} id */
function filmBody(id) {
  const strip = el('ol', { class: 'strip', 'aria-label': 'Scenes' });
  const videos = el('div', { class: 'videos' });
  const element = el('div', {}, el('h4', { text: 'Scenes' }), strip, videos);
  return {
    element,
    /** @param {FilmDetails} details */
    update({ scenes, videos: parts }) {
      strip.replaceChildren(
        ...scenes.map(({ prompt, status, softened = false }, index) => {
          const state = `${status}${softened ? ', softened' : ''}`;
          const label = { title: `${prompt} (${state})`, 'aria-label': `Scene ${index + 1}: ${state}` };
          return el('li', { ...label, data: { testid: 'scene', status, softened }, text: String(index + 1) });
        }),
      );
      for (let part = videos.childElementCount + 1; part <= parts; part += 1) {
        const src = `/api/runs/${id}/videos/${part}`;
        const player = el('video', { src, controls: true, preload: 'metadata', playsinline: true });
        const link = el('a', { href: src, download: `film-${part}.mp4`, text: `Download part ${part}` });
        videos.append(el('figure', {}, player, el('figcaption', {}, link)));
      }
      const done = scenes.filter(({ status }) => status === 'done').length;
      return { done: done * SECONDS_PER_SCENE, total: scenes.length * SECONDS_PER_SCENE, unit: 'seconds' };
    },
  };
}

/** @param {string} id */
function researchBody(id) {
  const text = el('div', { class: 'text', tabindex: '0' });
  const heading = el('h4');
  const outcome = el('p', { role: 'status' });
  const button = (/** @type {string} */ label, /** @type {boolean} */ approved) =>
    el('button', {
      class: approved ? 'primary' : '',
      type: 'button',
      data: { testid: approved ? 'approve' : 'decline' },
      text: label,
      onclick: (/** @type {Event} */ { currentTarget }) =>
        act(/** @type {HTMLElement} */ (currentTarget), outcome, async () => {
          await send('POST', `/api/runs/${id}/decision`, { approved });
          return '';
        }),
    });
  const buttons = el('p', { class: 'buttons' }, button('Approve', true), button('Decline', false));
  return {
    element: el('div', {}, heading, text, buttons, outcome),
    /**
     * @param {ResearchDetails} details
     * @param {RunView} run
     */
    update({ plan, report }, { status }) {
      const isWaiting = status === 'waiting';
      heading.textContent = report ? 'Report' : isWaiting ? 'Approve this plan?' : 'Plan';
      const lines = (report ?? plan ?? 'The agent is working on it.').split(/\n+/);
      text.replaceChildren(
        ...lines.map((line) => el(line.startsWith('#') ? 'h5' : 'p', { text: line.replace(/^#+ /, '') })),
      );
      text.dataset['testid'] = report ? 'report' : 'plan';
      buttons.hidden = !isWaiting;
      return { done: report ? 2 : plan ? 1 : 0, total: 2, unit: 'steps' };
    },
  };
}
