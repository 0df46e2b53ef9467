/** @import { TimelineEntry, WorkflowView } from '../page-api.js' */
import { KeyedList } from './keyed-list.js';
import { fromTemplate, setIcon, setName, setText, setTextOrHide } from './parts.js';
import { showScheme } from './scheme-badge.js';
import { formatDuration, setOffsetTime } from './times.js';
import { ENTRY_WORDS } from './wording.js';

const SHOWN_AT_FIRST = 6;
const MOST_ENTRIES = 300;

/**
 * A workflow's timeline: the newest entries, and all of them when asked.
 *
 * @param {import('./parts.js').Part} part of the card
 */
export function createTimeline(part) {
  const more = part('timeline-more');
  let showsAll = false;
  /** @type {WorkflowView | undefined} */
  let shown;
  /** @type {KeyedList<{ entry: TimelineEntry, start: string, isHidden: boolean }>} */
  const list = new KeyedList(part('timeline-entries'), ({ entry }) => entry.id, createEntry);

  /** @param {WorkflowView} view */
  function update(view) {
    shown = view;
    const entries = view.timeline.slice(-MOST_ENTRIES);
    const older = entries.length - SHOWN_AT_FIRST;
    list.update(
      entries.map((entry, index) => ({ entry, start: view.startedAt, isHidden: !showsAll && index < older })),
    );
    setText(part('timeline-count'), String(view.timeline.length));
    more.hidden = older <= 0;
    setText(more, showsAll ? 'Show fewer' : `Show ${older} earlier`);
    more.setAttribute('aria-expanded', String(showsAll));
  }

  more.addEventListener('click', () => {
    showsAll = !showsAll;
    if (shown !== undefined) update(shown);
  });
  return { update };
}

function createEntry() {
  const { root, part } = fromTemplate('timeline-entry');
  /** @type {TimelineEntry | undefined} */
  let last;

  /** @param {{ entry: TimelineEntry, start: string, isHidden: boolean }} item */
  function update({ entry, start, isHidden }) {
    root.hidden = isHidden;
    if (last !== undefined && isSame(last, entry)) return;
    last = entry;
    const { kind, text, scheme, handler, durationMs, attempt, process, at } = entry;
    root.dataset['kind'] = kind;
    root.dataset['scheme'] = scheme ?? '';
    setIcon(part('icon'), kind);
    setText(part('kind'), `${ENTRY_WORDS[kind]}: `);
    setName(part('text'), text);
    showScheme(part('scheme'), scheme);
    part('handler').hidden = handler === null;
    setName(part('handler'), handler ?? '');
    setTextOrHide(part('duration'), durationMs === null ? null : formatDuration(durationMs));
    setTextOrHide(part('attempt'), attempt === null ? null : `attempt ${attempt}`);
    part('attempt').classList.toggle('again', attempt !== null && attempt > 1);
    setText(part('process'), process);
    setOffsetTime(part('at'), at, start);
  }
  return { element: root, update };
}

/**
 * @param {TimelineEntry} a
 * @param {TimelineEntry} b
 */
function isSame(a, b) {
  return a.kind === b.kind && a.text === b.text && a.durationMs === b.durationMs && a.attempt === b.attempt;
}
