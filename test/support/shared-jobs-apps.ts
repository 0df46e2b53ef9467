import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { InboxEngineFactory, ReconcileOptions } from '../../lib/index.js';
import type { GeminiSimulator, SimulatorFault } from '../../lib/testing/index.js';
import { closeApps } from './apps.js';
import { removeTestQueues } from './durable.js';
import { closeSimulators, startGemini, startJobsApp, type JobsApp } from './jobs.js';

/** Apps on one simulated Gemini, started before the tests of a block, which distinguish their jobs by name. */
export interface SharedJobsApps<Name extends string> {
  readonly gemini: GeminiSimulator;
  app(name: Name): JobsApp;
  /** Injects a fault that is removed after the test. */
  inject(fault: SimulatorFault): void;
  /** Removes the injected faults. */
  removeFaults(): void;
}

/** For `afterEach` or `afterAll`: closes apps and simulators, and removes the apps' queues. */
export async function closeJobsApps(): Promise<void> {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
}

/** Starts an app for each way of polling, by name. */
export function shareJobsApps<Name extends string>(
  make: () => InboxEngineFactory,
  polling: Readonly<Record<Name, ReconcileOptions>>,
): SharedJobsApps<Name> {
  const faults: (() => void)[] = [];
  let gemini: GeminiSimulator;
  const apps: Partial<Record<Name, JobsApp>> = {};
  const removeFaults = () => {
    for (const remove of faults.splice(0)) remove();
  };

  beforeAll(async () => {
    gemini = await startGemini();
    for (const name of Object.keys(polling) as Name[]) apps[name] = await startJobsApp(gemini, make(), polling[name]);
  });
  afterEach(removeFaults);
  afterAll(closeJobsApps);
  return {
    get gemini() {
      return gemini;
    },
    app: (name) => apps[name]!,
    inject: (fault) => void faults.push(gemini.inject(fault)),
    removeFaults,
  };
}
