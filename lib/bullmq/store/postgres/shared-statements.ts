import { TimeoutError } from '../../../errors.js';
import { settlesWithin } from '../../../shared/timeouts.js';
import { ANSWER_TIMEOUT_MS } from '../inbox-store.js';

/** Maximum number of statements under way. Requests that arrive meanwhile share the next one. */
const MAX_STATEMENTS = 2;
const MAX_REQUESTS = 64;
const MAX_BYTES = 4_000_000;

/**
 * SQL errors that a single request can cause, or that another version of BullMQ's functions causes. A request that waits for
 * the lock of another transaction times out (57014), or does not get the lock (55P03).
 */
const IN_A_REQUEST = /^(?:22|23|42|54|BM|57014$|55P03$)/;

/** How requests to the store share a statement. */
export interface SharedStatement<Request, Result> {
  /** Sends one request in a statement of its own. */
  alone(request: Request): Promise<Result>;
  /** Sends many in one statement, which stores all of them or none. */
  together(requests: readonly Request[]): Promise<readonly (Result | Promise<Result>)[]>;
  bytesOf(request: Request): number;
}

interface Waiting<Request, Result> {
  readonly request: Request;
  readonly deadline: number;
  resolve(result: Result | Promise<Result>): void;
  reject(error: unknown): void;
}

/**
 * Returns a function that sends a request to PostgreSQL. A request is sent at once while few statements are under way;
 * otherwise it shares the next one, because a commit for each request is what limits the server. Its promise resolves when its
 * own statement has committed.
 */
export function shareStatements<Request, Result>({
  alone,
  together,
  bytesOf,
}: SharedStatement<Request, Result>): (request: Request) => Promise<Result> {
  const waiting: Waiting<Request, Result>[] = [];
  let statements = 0;

  /** Does not wait longer than the callers: a request that is blocked must not keep the next statement waiting. */
  const sendOneByOne = async (batch: readonly Waiting<Request, Result>[]): Promise<void> => {
    const now = performance.now();
    const sent = batch.map((each) =>
      each.deadline > now ? alone(each.request).then(each.resolve, each.reject) : giveUp(each),
    );
    await settlesWithin(Promise.all(sent), Math.max(...batch.map(({ deadline }) => deadline)) - now);
  };
  const send = async (batch: readonly Waiting<Request, Result>[]): Promise<void> => {
    if (batch.length === 1) return sendOneByOne(batch);
    try {
      const results = await together(batch.map(({ request }) => request));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      // Nothing was stored. One of these requests must not make the others fail.
      if (IN_A_REQUEST.test(String((error as { readonly code?: unknown }).code))) return sendOneByOne(batch);
      for (const { reject } of batch) reject(error);
    }
  };
  const sendNext = (): void => {
    while (statements < MAX_STATEMENTS && waiting.length > 0) {
      const batch = takeBatch(waiting, bytesOf);
      if (batch.length === 0) return;
      statements += 1;
      void send(batch).finally(() => {
        statements -= 1;
        sendNext();
      });
    }
  };
  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, deadline: performance.now() + ANSWER_TIMEOUT_MS, resolve, reject });
      sendNext();
    });
}

/** Removes the next requests. Rejects those whose caller has given up, so that an outage leaves no backlog. */
function takeBatch<Request, Result>(
  waiting: Waiting<Request, Result>[],
  bytesOf: (request: Request) => number,
): readonly Waiting<Request, Result>[] {
  const now = performance.now();
  const current = waiting.findIndex(({ deadline }) => deadline > now);
  for (const late of waiting.splice(0, current === -1 ? waiting.length : current)) giveUp(late);
  let bytes = 0;
  const tooMany = waiting.findIndex(({ request }, index) => {
    bytes += bytesOf(request);
    return index > 0 && (index >= MAX_REQUESTS || bytes > MAX_BYTES);
  });
  return waiting.splice(0, tooMany === -1 ? waiting.length : tooMany);
}

/** Rejects a request whose caller has given up. */
function giveUp({ reject }: Pick<Waiting<never, never>, 'reject'>): void {
  reject(new TimeoutError('the store did not answer'));
}
