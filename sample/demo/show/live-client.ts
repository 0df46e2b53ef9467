import { ReplaySubject, Subject, type Observable } from 'rxjs';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryView, LiveState, WorkflowView } from '../../page/page-api.js';

const AGAIN_AFTER_MS = 250;

/** What the page sees, for the terminal: `GET /api/live`, asked for again whenever it is cut. */
export class LiveClient {
  readonly #workflows = new Subject<WorkflowView>();
  readonly #deliveries = new Subject<DeliveryView>();
  readonly #states = new ReplaySubject<LiveState>(1);

  /** Each workflow whenever it changes, and all of them after a reconnect. */
  get workflows$(): Observable<WorkflowView> {
    return this.#workflows;
  }

  get deliveries$(): Observable<DeliveryView> {
    return this.#deliveries;
  }

  /** The last one first; a new one after each reconnect. */
  get states$(): Observable<LiveState> {
    return this.#states;
  }

  /** Listens until the signal aborts. */
  async listen(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal });
        if (response.ok && response.body) await this.#read(response.body);
        else await response.body?.cancel();
      } catch {
        // It is not up yet, or has gone: the next attempt tells.
      }
      await pause(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of body) {
      const messages = (rest + decoder.decode(chunk, { stream: true })).replaceAll('\r\n', '\n').split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#hear(message);
    }
  }

  #hear(message: string): void {
    const fields = message.split('\n');
    const valuesOf = (name: string) =>
      fields.filter((field) => field.startsWith(`${name}:`)).map((field) => field.slice(name.length + 1).trimStart());
    const data = valuesOf('data').join('\n');
    if (data === '') return;
    switch (valuesOf('event')[0]) {
      case 'state':
        return this.#hearState(JSON.parse(data) as LiveState);
      case 'workflow':
        return this.#workflows.next(JSON.parse(data) as WorkflowView);
      case 'delivery':
        return this.#deliveries.next(JSON.parse(data) as DeliveryView);
    }
  }

  #hearState(state: LiveState): void {
    this.#states.next(state);
    for (const workflow of state.workflows) this.#workflows.next(workflow);
    for (const delivery of state.deliveries.toReversed()) this.#deliveries.next(delivery);
  }
}
