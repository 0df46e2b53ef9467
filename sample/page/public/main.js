import { Announcer } from './announcer.js';
import { ConnectionStatus } from './connection-status.js';
import { Deliveries } from './deliveries.js';
import { EventTicker } from './event-ticker.js';
import { Faults } from './faults.js';
import { KeyedList } from './keyed-list.js';
import { LiveConnection } from './live-connection.js';
import { PageState } from './page-state.js';
import { partsOf } from './parts.js';
import { wireStartForms } from './start-forms.js';
import { keepTimesFresh } from './times.js';
import { createWorkflowCard } from './workflow-card.js';

/** Messages come by the hundred while a batch is stored; the page is drawn so often at most. */
const DRAW_EVERY_MS = 80;

const part = partsOf(document);
const state = new PageState();
const status = new ConnectionStatus();
const cards = new KeyedList(
  part('workflows'),
  ({ id }) => id,
  (view) => createWorkflowCard(view, state),
);
const views = [new Deliveries(), new Faults(), new EventTicker()];
const announcer = new Announcer(part('announcer'));

let isDrawPending = false;

function drawSoon() {
  if (isDrawPending) return;
  isDrawPending = true;
  setTimeout(() => {
    isDrawPending = false;
    draw();
  }, DRAW_EVERY_MS);
}

function draw() {
  part('loading').hidden = state.process !== null;
  part('workflows-empty').hidden = state.process === null || state.workflows.length > 0;
  cards.update(state.workflows);
  for (const view of views) view.update(state);
  announcer.update(state.workflows);
  status.setProcess(state.process);
}

wireStartForms();
keepTimesFresh();
new LiveConnection(
  '/api/live',
  (name, data) => {
    state.take(name, data);
    drawSoon();
  },
  (connection) => status.setState(connection),
).open();
