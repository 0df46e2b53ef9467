import { filter, firstValueFrom, fromEvent, takeUntil, timeout } from 'rxjs';
import type { AppFleet } from '../app/app-fleet.js';
import { FleetStory } from '../app/fleet-story.js';
import { WaitingProcess } from '../app/waiting-process.js';
import type { DataFolder } from '../data-folder.js';
import type { DemoOptions } from '../options.js';
import type { Scenery } from '../scenery.js';
import type { Terminal } from '../terminal.js';
import { AppClient, type WorkflowOrders } from './app-client.js';
import { displayOn } from './display-on.js';
import { LiveClient } from './live-client.js';
import { printSummary } from './summary.js';
import { printAddresses } from './texts.js';
import { haveEnded, ThreeWorkflows } from './three-workflows.js';

const UP_TIMEOUT_MS = 60_000;
const ONCE_TIMEOUT_MS = { simulated: 120_000, real: 7_200_000 };

/** What costs next to nothing with the simulator, and what shows as much of the real API for less. */
const ORDERS: Readonly<Record<'simulated' | 'real', WorkflowOrders>> = {
  simulated: { batch: {}, film: {}, research: {} },
  real: {
    batch: { prompts: 20 },
    film: { scenes: ['A paper boat on a rainy street, seen from close by', 'The boat comes to a river and is free'] },
    research: {},
  },
};

/** What the workflows are shown with. */
export interface ShowHost {
  readonly options: DemoOptions;
  readonly address: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly scenery: Scenery;
  readonly fleet: AppFleet;
  readonly folder: DataFolder;
  readonly terminal: Terminal;
  /** Rejects when there is nothing more to be shown. */
  readonly cutShort: Promise<never>;
}

/** Runs the three workflows once, for the terminal and whoever has the page open. @returns whether all went well */
export async function showWorkflows(host: ShowHost): Promise<boolean> {
  const { options, address, scenery, terminal, cutShort } = host;
  const mode = scenery.simulator ? 'simulated' : 'real';
  const abort = new AbortController();
  const headers = mode === 'real' ? { authorization: `Basic ${btoa(`admin:${scenery.adminPassword}`)}` } : {};
  const live = new LiveClient();
  void live.listen(`${address}/api/live`, headers, abort.signal);
  try {
    await Promise.race([isUp(live, host.folder, abort.signal), cutShort]);
    printAddresses(terminal, address, scenery.adminPassword);
    if (mode === 'real' && !options.once) {
      terminal.print('Start each workflow on the page. Ctrl+C ends it all.');
      return true;
    }
    const app = new AppClient(address, headers, abort.signal);
    const show = { app, live, orders: ORDERS[mode], signal: abort.signal };
    const isGood = await run(show, host, options.once ? ONCE_TIMEOUT_MS[mode] : undefined);
    if (!options.once)
      terminal.print('\nThe app stays up: start more on the page, and make things go wrong there. Ctrl+C ends it all.');
    return isGood;
  } finally {
    abort.abort();
  }
}

interface Show {
  readonly app: AppClient;
  readonly live: LiveClient;
  readonly orders: WorkflowOrders;
  /** Nobody looks any more. */
  readonly signal: AbortSignal;
}

/** @param timeoutMs unless there is no hurry */
async function run(show: Show, host: ShowHost, timeoutMs: number | undefined): Promise<boolean> {
  const { options, scenery, terminal, cutShort } = host;
  const display = displayOn(terminal);
  const workflows = new ThreeWorkflows({ ...show, terminal, goesOn: scenery.goesOn });
  const story = options.fleet ? fleetStory(show.live, workflows, host) : undefined;
  const drawing = workflows.seen$.subscribe((seen) => seen.forEach((workflow) => display.update(workflow)));
  const ended$ = workflows.seen$.pipe(filter(haveEnded), takeUntil(fromEvent(show.signal, 'abort')));
  const all = firstValueFrom(timeoutMs === undefined ? ended$ : ended$.pipe(timeout(timeoutMs)));
  all.catch(() => undefined);
  try {
    await Promise.race([workflows.start(), cutShort]);
    await Promise.race([all.catch(() => undefined), cutShort]);
    drawing.unsubscribe();
    display.stop();
    const seen = await firstValueFrom(workflows.seen$);
    if (!haveEnded(seen)) terminal.note('failure', `Not all has ended within ${(timeoutMs ?? 0) / 1000} s.`);
    const areGood = printSummary(seen, terminal);
    const isStoryGood = await Promise.race([story?.print(terminal), cutShort]);
    return areGood && isStoryGood !== false;
  } finally {
    drawing.unsubscribe();
    display.stop();
    workflows.stop();
    story?.stop();
  }
}

function fleetStory(live: LiveClient, workflows: ThreeWorkflows, host: ShowHost): FleetStory | undefined {
  const { environment, fleet, folder, terminal } = host;
  const [victim] = fleet.workers;
  return victim && new FleetStory({ workflows, live, terminal }, new WaitingProcess(environment, folder), victim);
}

/** Resolves when the page has something to show. */
async function isUp(live: LiveClient, folder: DataFolder, signal: AbortSignal): Promise<void> {
  const up$ = live.states$.pipe(takeUntil(fromEvent(signal, 'abort')), timeout(UP_TIMEOUT_MS));
  await firstValueFrom(up$).catch((cause: unknown) => {
    throw new Error(`The app does not answer within ${UP_TIMEOUT_MS / 1000} s. See ${folder.in('logs')}.`, { cause });
  });
}
