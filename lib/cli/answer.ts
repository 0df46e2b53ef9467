import { isRecord } from '../events/parse-event.js';
import { messageOf } from '../errors.js';
import { printable } from './table.js';

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 64 * 1024;

/** What a server answered to one request, or why there is no answer. */
export interface Answer {
  /** `undefined`: there was none. */
  readonly status: number | undefined;
  /** The `code` of a refusal or the `status` of a receipt, as the module answers them; `''` when it is neither. */
  readonly word: string;
  /** Why there was none; `''` when there was. */
  readonly error: string;
  /** How far the server's clock is ahead of this machine's, to about a second; `undefined` when it does not say. */
  readonly clockAheadMs: number | undefined;
  readonly milliseconds: number;
  /** The body when it is JSON. At most 64 KiB of it are read. */
  readonly json: unknown;
}

/** Sends one request. Redirects are not followed: Gemini would not send its delivery on. Never rejects. */
export async function answerTo(url: URL, request: RequestInit, fetch: typeof globalThis.fetch): Promise<Answer> {
  const since = performance.now();
  const milliseconds = () => Math.round(performance.now() - since);
  const sentAt = Date.now();
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { redirect: 'manual', ...request, signal });
    const clockAheadMs = aheadOf((sentAt + Date.now()) / 2, response.headers.get('date'));
    const json = jsonOf(await textOf(response));
    return {
      status: response.status,
      word: wordIn(json),
      error: '',
      clockAheadMs,
      milliseconds: milliseconds(),
      json,
    };
  } catch (error) {
    const none = { status: undefined, word: '', clockAheadMs: undefined, json: undefined };
    return { ...none, error: reasonOf(error), milliseconds: milliseconds() };
  }
}

/** The answer as people read it: `200 processed`, `no answer: connect ECONNREFUSED 127.0.0.1:3000`. */
export function answerText({ status, word, error }: Answer): string {
  return status === undefined ? `no answer: ${error}` : `${status} ${word}`.trimEnd();
}

/** Whether a delivery that is answered so is done with. */
export function isSuccess({ status = 0 }: Pick<Answer, 'status'>): boolean {
  return status >= 200 && status <= 299;
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wordIn(json: unknown): string {
  if (!isRecord(json)) return '';
  const word = json['code'] ?? json['status'];
  return typeof word === 'string' ? printable(word).slice(0, 64) : '';
}

/** A `date` header has no fraction of the second: its middle is the best guess. */
function aheadOf(now: number, date: string | null): number | undefined {
  const time = Date.parse(date ?? '') + 500;
  return Number.isNaN(time) ? undefined : time - now;
}

/** `fetch` says "fetch failed" of everything, and why in the cause. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as {
    readonly name?: string;
    readonly cause?: { readonly errors?: readonly unknown[] };
  };
  if (name === 'TimeoutError') return `none within ${TIMEOUT_MS / 1000} s`;
  return messageOf(cause?.errors?.[0] ?? cause ?? error).replace(/^Error: /, '');
}
