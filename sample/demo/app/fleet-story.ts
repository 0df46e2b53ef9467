import { filter, first, type Subscription } from 'rxjs';
import type { LiveClient } from '../show/live-client.js';
import type { Seen, ThreeWorkflows } from '../show/three-workflows.js';
import type { Terminal } from '../terminal.js';
import type { AppProcess } from './app-process.js';
import type { WaitingProcess } from './waiting-process.js';

/** How much of the film is made when the worker is killed. */
const KILLED_AT = 1 / 4;

/** What is shown of a fleet besides the workflows: a job awaited elsewhere, and a worker that is killed. */
export class FleetStory {
  readonly #waiter: WaitingProcess;
  readonly #listening: Subscription;
  readonly #awaited: Promise<string | undefined>;
  #receiver: string | undefined;
  #killed: string | undefined;

  constructor(
    { workflows, live, terminal }: { workflows: ThreeWorkflows; live: LiveClient; terminal: Terminal },
    waiter: WaitingProcess,
    victim: AppProcess,
  ) {
    this.#waiter = waiter;
    const batch = () => this.#batch;
    this.#listening = live.deliveries$
      .pipe(filter(({ workflow, outcome }) => workflow !== null && workflow === batch() && outcome === 'accepted'))
      .subscribe(({ process }) => (this.#receiver ??= process));
    this.#awaited = new Promise((resolve) => {
      const begun = workflows.seen$.pipe(first((seen) => seen.has('batch'))).subscribe((seen) => {
        this.#batch = seen.get('batch')?.id;
        void waiter.waitFor(this.#batch ?? '').then((message) => {
          if ('event' in message) return resolve(message.event);
          terminal.note('failure', `completed() in the process that waits: ${message.problem}`);
          resolve(undefined);
        });
      });
      this.#listening.add(begun);
    });
    this.#listening.add(
      workflows.seen$.pipe(first(isUnderWay)).subscribe(() => {
        this.#killed = `${victim.name} (process ${victim.kill()})`;
      }),
    );
  }

  #batch: string | undefined;

  /** Prints what became of it. @returns whether it is as it should be */
  async print(terminal: Terminal): Promise<boolean> {
    const event = await this.#awaited;
    const receiver = this.#receiver;
    const how = receiver ? `its webhook came to ${receiver}` : 'its webhook did not come, so Gemini was asked';
    terminal.print();
    if (event) terminal.note('good', `The batch was awaited in a process of its own and got ${event} there; ${how}.`);
    if (this.#killed) terminal.note('good', `${this.#killed} was killed (SIGKILL) in the middle: nothing was lost.`);
    else terminal.note('failure', 'No worker was killed: the film did not get that far.');
    return event !== undefined && this.#killed !== undefined;
  }

  stop(): void {
    this.#listening.unsubscribe();
    this.#waiter.terminate();
  }
}

function isUnderWay(seen: Seen): boolean {
  const { progress, endedAt } = seen.get('film') ?? {};
  return progress !== undefined && endedAt === null && progress.done / Math.max(progress.total, 1) >= KILLED_AT;
}
