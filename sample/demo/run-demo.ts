import { setTimeout as pause } from 'node:timers/promises';
import { AppFleet } from './app/app-fleet.js';
import { ControlServer } from './app/control-server.js';
import { DataFolder } from './data-folder.js';
import { Interruption } from './interruption.js';
import type { DemoOptions } from './options.js';
import { settlePort } from './ports.js';
import { isReal, setScenery, type Scenery } from './scenery.js';
import { showWorkflows } from './show/show-workflows.js';
import { printCosts, printHead } from './show/texts.js';
import type { Terminal } from './terminal.js';

const INTERRUPTED = 130;
/** For second thoughts. */
const COSTS_MS = 10_000;

/** What has been started and is to be ended. */
interface Started {
  fleet?: AppFleet;
  control?: ControlServer;
  scenery?: Scenery;
}

/** Runs the demo until it is over or told to end. @returns the exit code @throws Error for whoever runs it */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const started: Started = {};
  const interruption = new Interruption(terminal, () => {
    started.fleet?.terminate();
    started.scenery?.terminate();
  });
  const folder = await DataFolder.open();
  try {
    return await play(options, terminal, folder, started, interruption);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    return options.once ? INTERRUPTED : 0;
  } finally {
    await end(started, folder);
    interruption.forget();
  }
}

async function play(
  options: DemoOptions,
  terminal: Terminal,
  folder: DataFolder,
  started: Started,
  { signal, heard }: Interruption,
): Promise<number> {
  const isSimulated = !isReal(process.env);
  printHead(terminal, options, folder.path);
  if (!isSimulated) {
    printCosts(terminal, options.once);
    if (options.once) await pause(COSTS_MS, undefined, { signal });
  }
  const { port, note } = await settlePort(folder, options.port, isSimulated);
  if (note !== undefined) terminal.note('warning', note);
  const address = `http://127.0.0.1:${port}`;

  const scenery = await setScenery(folder, address, terminal);
  started.scenery = scenery;
  signal.throwIfAborted();
  const { simulator } = scenery;
  const control = simulator && (await ControlServer.open(simulator, () => started.fleet?.killWorker()));
  if (control) started.control = control;
  const environment = { ...scenery.environment, ...control?.environment };
  const fleet = await AppFleet.start({ port, isFleet: options.fleet, environment, folder, terminal });
  started.fleet = fleet;
  await folder.write('app', { port });
  signal.throwIfAborted();

  const cutShort = Promise.race([scenery.gone, fleet.givenUp, heard]);
  cutShort.catch(() => undefined);
  const isGood = await showWorkflows({ options, address, environment, scenery, fleet, folder, terminal, cutShort });
  if (options.once) return isGood ? 0 : 1;
  return cutShort;
}

/** First the app, which still has use for the others. */
async function end({ fleet, control, scenery }: Started, folder: DataFolder): Promise<void> {
  await fleet?.end();
  control?.close();
  await scenery?.end();
  if (fleet) await folder.forget('app');
}
