import { BehaviorSubject, firstValueFrom, type Observable, type Subscription } from 'rxjs';
import type { WorkflowKind, WorkflowView } from '../../page/page-api.js';
import type { Terminal } from '../terminal.js';
import type { AppClient, WorkflowOrders } from './app-client.js';
import type { LiveClient } from './live-client.js';
import { KINDS } from './wording.js';

/** How long a person has who wants to decide. */
const DECISION_MS = 6_000;

/** What runs the three workflows. */
export interface WorkflowsHost {
  readonly app: AppClient;
  readonly live: LiveClient;
  readonly terminal: Terminal;
  readonly orders: WorkflowOrders;
  /** Whether workflows of an earlier run that have not ended are gone on with. */
  readonly goesOn: boolean;
}

/** The workflows that are shown, by kind, as they were seen last. */
export type Seen = ReadonlyMap<WorkflowKind, WorkflowView>;

/** Runs each of the three workflows once, and decides what nobody decides. */
export class ThreeWorkflows {
  readonly #host: WorkflowsHost;
  readonly #listening: Subscription;
  /** All that the page shows: a workflow may be seen before it is known to be one of ours. */
  readonly #latest = new Map<string, WorkflowView>();
  readonly #ids = new Set<string>();
  readonly #seen = new BehaviorSubject<Seen>(new Map());
  #decision: NodeJS.Timeout | undefined;

  constructor(host: WorkflowsHost) {
    this.#host = host;
    this.#listening = host.live.workflows$.subscribe((workflow) => {
      this.#latest.set(workflow.id, workflow);
      this.#show(workflow);
    });
  }

  /** What is known of them, and again after each change. */
  get seen$(): Observable<Seen> {
    return this.#seen;
  }

  /** Goes on with what an earlier run has left, and starts the others. */
  async start(): Promise<void> {
    const { app, live, terminal, orders, goesOn } = this.#host;
    const { workflows } = await firstValueFrom(live.states$);
    for (const kind of KINDS) {
      const left = goesOn ? workflows.find((one) => one.kind === kind && one.endedAt === null) : undefined;
      if (left) terminal.note('note', `The ${kind} of the run before goes on.`);
      const id = left?.id ?? (await app.start(kind, orders[kind]));
      this.#ids.add(id);
      const latest = this.#latest.get(id) ?? left;
      if (latest) this.#show(latest);
    }
  }

  stop(): void {
    clearTimeout(this.#decision);
    this.#listening.unsubscribe();
  }

  #show(workflow: WorkflowView): void {
    if (!this.#ids.has(workflow.id)) return;
    if (workflow.kind === 'research') this.#decide(workflow);
    this.#seen.next(new Map(this.#seen.value).set(workflow.kind, workflow));
  }

  /** Nobody may be there to press the button. */
  #decide({ id, research }: WorkflowView): void {
    if (research?.approval) {
      this.#decision ??= setTimeout(() => void this.#approve(id), DECISION_MS);
      return;
    }
    clearTimeout(this.#decision);
    this.#decision = undefined;
  }

  async #approve(id: string): Promise<void> {
    const { app, terminal } = this.#host;
    try {
      await app.decide(id, { approved: true });
      terminal.note('note', 'Nobody has decided on the budget on the page: it is approved from here.');
    } catch (error) {
      terminal.note('warning', `The budget was not approved from here: ${(error as Error).message}`);
    }
  }
}

/** Whether all three have ended, one way or the other. */
export function haveEnded(seen: Seen): boolean {
  return KINDS.every((kind) => typeof seen.get(kind)?.endedAt === 'string');
}
