import type { Answer } from '../../support/http.js';
import { deliver } from '../../support/static-webhooks.js';
import { until } from '../../support/until.js';
import { stopwatch } from './stopwatch.js';

/** An answer, and how long it took by a stopwatch. */
export interface TimedAnswer {
  readonly id: string;
  readonly status: number;
  readonly code: unknown;
  readonly ms: number;
  /** Time of arrival on the clock of `performance.now()`. */
  readonly at: number;
}

export function idsOf(count: number): string[] {
  return Array.from({ length: count }, (_one, index) => `batch_${index + 1}`);
}

/** Posts one event. A refused or broken connection counts as status 0. */
export async function timed(origin: string, id: string, data: object = {}): Promise<TimedAnswer> {
  const elapsed = stopwatch();
  const { status, body } = await deliver(origin, { id, data }).catch((): Pick<Answer, 'status' | 'body'> => {
    return { status: 0, body: {} };
  });
  return { id, status, code: body['code'], ms: elapsed(), at: performance.now() };
}

/** Runs the work for each item with limited concurrency. */
export async function each<T>(items: Iterable<T>, atOnce: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const next = async (): Promise<void> => {
    for (let one = rest.next(); !one.done; one = rest.next()) await work(one.value);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}

/** Posts new events one after another, several at once, until it is stopped. */
export class Load {
  readonly answers: TimedAnswer[] = [];
  readonly #senders: Promise<void>[];
  #stopped = false;
  #count = 0;

  constructor(origin: string, { atOnce = 4 } = {}) {
    this.#senders = Array.from({ length: atOnce }, async () => {
      while (!this.#stopped) {
        this.#count += 1;
        this.answers.push(await timed(origin, `batch_${this.#count}`));
      }
    });
  }

  /** Resolves after this many further responses with the status. */
  async more(count: number, status: number): Promise<void> {
    const already = this.answers.length;
    await until(() => this.answers.slice(already).filter((answer) => answer.status === status).length >= count);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#senders);
  }

  /** Events that were acknowledged. */
  get acknowledged(): string[] {
    return this.answers.filter(({ status }) => status >= 200 && status < 300).map(({ id }) => id);
  }
}
