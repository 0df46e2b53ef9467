/** @import { DeliveryView, FaultName, LiveState, RunView } from '../page-api.js' */
import { act, byId, clock, el, keyedList, send } from './dom.js';
import { createRunCard } from './run-card.js';
import { FAULTS, KINDS, OUTCOMES, SCHEMES } from './words.js';

const DELIVERIES_SHOWN = 10;

/** @type {Map<string, RunView>} */
const runs = new Map();
const showRunList = keyedList(byId('run-list'), createRunCard);
const showDeliveryList = keyedList(byId('delivery-list'), createDelivery);

connect();
wireStarters();
wireFaults();
for (const [scheme, text] of Object.entries(SCHEMES)) {
  byId('legend').append(el('dt', {}, badge(scheme)), el('dd', { text }));
}

function connect() {
  const live = new EventSource('/api/live');
  const listen = (/** @type {string} */ name, /** @type {(data: any) => void} */ show) =>
    live.addEventListener(name, ({ data }) => show(JSON.parse(data)));
  listen('state', showState);
  listen('run', showRun);
  listen('deliveries', showDeliveries);
  listen('fault', ({ name }) => showFault(name));
  live.addEventListener('error', () => {
    showConnection('lost', 'Reconnecting…');
    // The browser reconnects by itself unless the response was no stream of events.
    if (live.readyState === EventSource.CLOSED) setTimeout(connect, 1_500);
  });
}

/** @param {LiveState} state */
function showState(state) {
  showConnection('live', 'Live');
  runs.clear();
  for (const run of state.runs) runs.set(run.id, run);
  showRuns();
  showDeliveries(state.deliveries);
  byId('faults').hidden = !state.isSimulated;
  showFault(state.fault);
}

/** @param {RunView} run */
function showRun(run) {
  const before = runs.get(run.id);
  runs.set(run.id, run);
  if (before && before.status !== run.status) announce(run);
  showRuns();
}

function showRuns() {
  const newestFirst = [...runs.values()].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  showRunList(newestFirst);
  byId('runs-empty').hidden = runs.size > 0;
  const waiting = newestFirst.filter(({ status }) => status === 'waiting').length;
  document.title = `${waiting > 0 ? `(${waiting}) ` : ''}Gemini workflows`;
}

/** Tells a screen reader what has changed. @param {RunView} run */
function announce({ kind, title, status, failure }) {
  const news = {
    running: '',
    waiting: 'waits for you to approve its plan.',
    succeeded: 'succeeded.',
    failed: `failed: ${failure}`,
  };
  if (news[status]) byId('announcer').textContent = `${KINDS[kind]} “${title}” ${news[status]}`;
}

/** @param {readonly DeliveryView[]} deliveries */
function showDeliveries(deliveries) {
  showDeliveryList(deliveries.slice(0, DELIVERIES_SHOWN));
  byId('deliveries-empty').hidden = deliveries.length > 0;
}

/** @param {DeliveryView} delivery */
function createDelivery({ outcome, status, code, scheme, event, run, fault, at }) {
  const name = el('a', { href: run && `#run-${run}`, text: event ?? code ?? 'unknown' });
  const facts = [OUTCOMES[outcome], status].filter((fact) => fact !== null).join(', ');
  const element = el(
    'li',
    { class: 'delivery', data: { testid: 'delivery', outcome, fault: fault ?? '' } },
    el('p', {}, name, ' ', ...(scheme ? [badge(scheme)] : []), clock(at)),
    el(
      'p',
      { class: 'meta' },
      ...(fault ? [el('strong', { class: 'fault', text: FAULTS[fault].name }), ' '] : []),
      facts,
    ),
  );
  return { element };
}

function wireStarters() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('.starter'))) {
    const kind = form.dataset['kind'];
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const [input] = form.elements;
      const { name, value, valueAsNumber } = /** @type {HTMLInputElement} */ (input);
      start(form, { kind, [name]: kind === 'research' ? value : valueAsNumber });
    });
  }
  const question = /** @type {HTMLTextAreaElement} */ (document.querySelector('[name=question]'));
  question.value ||= 'How did lighthouses work before electricity, and who kept them?';
}

/**
 * @param {HTMLElement} form
 * @param {object} order
 */
function start(form, order) {
  const [button, outcome] = [form.querySelector('button'), form.querySelector('.outcome')];
  return act(/** @type {HTMLElement} */ (button), /** @type {HTMLElement} */ (outcome), async () => {
    const { id } = await send('POST', '/api/runs', order);
    return el('a', { href: `#run-${id}`, data: { testid: 'show-run' }, text: 'Started. Show it' });
  });
}

function wireFaults() {
  const form = byId('faults');
  const names = /** @type {(FaultName | '')[]} */ (['', ...Object.keys(FAULTS)]);
  for (const name of names) {
    const radio = el('input', {
      type: 'radio',
      name: 'fault',
      value: name,
      data: { testid: `fault-${name || 'none'}` },
    });
    radio.addEventListener('change', () =>
      act(form, /** @type {HTMLElement} */ (form.querySelector('.outcome')), async () => {
        await send('PUT', '/api/fault', { fault: name || null });
        return '';
      }),
    );
    byId('choices').append(el('label', {}, radio, name ? FAULTS[name].name : 'Nothing'));
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    start(form, { kind: 'batch', prompts: 20 });
  });
}

/** @param {FaultName | null} fault */
function showFault(fault) {
  const radio = /** @type {HTMLInputElement} */ (document.querySelector(`[name=fault][value="${fault ?? ''}"]`));
  radio.checked = true;
  byId('fault-about').textContent = fault
    ? FAULTS[fault].about
    : 'Each webhook comes once, on time and correctly signed.';
}

/** @param {string} scheme */
function badge(scheme) {
  return el('code', { class: 'badge', data: { scheme }, text: scheme });
}

/**
 * @param {string} state
 * @param {string} text
 */
function showConnection(state, text) {
  byId('connection').dataset['state'] = state;
  byId('connection').textContent = text;
}
