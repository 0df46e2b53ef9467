import { setTimeout as pause } from 'node:timers/promises';
import type { Decision, StartBatch, StartFilm, StartResearch, WorkflowKind } from '../../page/page-api.js';

const AGAIN_AFTER_MS = 300;
const AGAIN_FOR_MS = 20_000;

/** What is asked of each workflow; what is left out is the app's to choose. */
export interface WorkflowOrders {
  readonly batch: StartBatch;
  readonly film: StartFilm;
  readonly research: StartResearch;
}

const PATHS: Readonly<Record<WorkflowKind, string>> = {
  batch: '/api/batches',
  film: '/api/films',
  research: '/api/research',
};

/** Presses the page's buttons. */
export class AppClient {
  readonly #address: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  constructor(address: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    this.#address = address;
    this.#headers = headers;
    this.#signal = signal;
  }

  /** @returns the workflow's id */
  async start<Kind extends WorkflowKind>(kind: Kind, order: WorkflowOrders[Kind]): Promise<string> {
    const response = await this.#post(PATHS[kind], order);
    const { id } = (await response.json()) as { readonly id: string };
    return id;
  }

  async decide(id: string, decision: Decision): Promise<void> {
    await this.#post(`${PATHS.research}/${id}/decision`, decision);
  }

  /** A 503 says that nothing was done, and an app that starts says it for a moment: its inbox is not there yet. */
  async #post(path: string, body: object): Promise<Response> {
    const deadline = Date.now() + AGAIN_FOR_MS;
    for (;;) {
      const response = await fetch(this.#address + path, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: this.#signal,
      });
      if (response.ok) return response;
      const problem = await response.text();
      if (response.status !== 503 || Date.now() > deadline) throw new Error(`POST ${path}: ${reasonIn(problem)}`);
      await pause(AGAIN_AFTER_MS, undefined, { signal: this.#signal });
    }
  }
}

function reasonIn(problem: string): string {
  try {
    const { title, detail } = JSON.parse(problem) as { readonly title?: string; readonly detail?: string };
    return [title, detail].filter(Boolean).join(': ') || problem;
  } catch {
    return problem;
  }
}
