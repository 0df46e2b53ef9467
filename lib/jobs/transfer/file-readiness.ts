import { GeminiWebhooksError, TimeoutError } from '../../errors.js';
import { apiErrorOf, textOf } from '../api-error.js';
import { fileNameOf, isOfApi } from './file-url.js';
import type { GeminiHttp } from '../gemini-http.js';
import { authenticatedGet } from './authenticated-get.js';
import { pause } from '../../shared/pause.js';
import type { TransferOptions } from './resumable-download.js';
import { checkTimeout } from '../timeout-check.js';
import { isTransientStatus, retryDelay } from '../transient-error.js';

const MIN_POLL_DELAY_MS = 50;
const MAX_POLL_DELAY_MS = 15_000;
const MAX_BODY_BYTES = 1024 * 1024;

/** Options of waiting for a file. */
export interface ReadinessOptions extends TransferOptions {
  /**
   * Max time in milliseconds until a new file, which Gemini still processes, can be downloaded.
   * @default 300000
   */
  readonly readyTimeoutMs?: number | undefined;
}

/**
 * Waits until a file of the API is `ACTIVE`: a new one is `PROCESSING` first. Polls with exponential backoff up to
 * 15 s. Returns at once for a URL outside the API, or if the response has no state: then the download decides.
 *
 * @throws TimeoutError; GeminiWebhooksError `transfer_failed` for a file that is `FAILED`, `invalid_argument` for a
 *   wrong `readyTimeoutMs`
 */
export async function waitForFile(
  http: GeminiHttp,
  url: URL,
  { signal, retryDelayMs = 500, readyTimeoutMs = 300_000 }: ReadinessOptions = {},
): Promise<void> {
  checkTimeout('downloadVideo', readyTimeoutMs, 'readyTimeoutMs');
  const name = isOfApi(http, url) ? fileNameOf(url) : undefined;
  if (name === undefined) return;
  const timeout = AbortSignal.timeout(readyTimeoutMs);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    for (let polls = 1; ; polls += 1) {
      const poll = await pollFile(http, name, either);
      if (poll.isReady) return;
      const delayMs = Math.max(retryDelayMs, MIN_POLL_DELAY_MS) * 2 ** polls;
      await pause(Math.min(retryDelay(poll.error, delayMs), MAX_POLL_DELAY_MS), either);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new TimeoutError(`GeminiJobs: ${name} was not ready in time (${readyTimeoutMs} ms).`);
  }
}

/** Result of one poll: ready for the download, or a reason to wait. */
interface FilePoll {
  readonly isReady: boolean;
  readonly error?: unknown;
}

async function pollFile(http: GeminiHttp, name: string, signal: AbortSignal): Promise<FilePoll> {
  try {
    const url = new URL(`${http.baseUrl}/${name}`);
    const response = await authenticatedGet(http, url, { accept: 'application/json' }, signal);
    if (isTransientStatus(response.status)) return { isReady: false, error: await apiErrorOf(response) };
    return { isReady: isReady(name, response.ok ? await textOf(response, MAX_BODY_BYTES) : '{}') };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof GeminiWebhooksError) throw error;
    return { isReady: false, error };
  }
}

function isReady(name: string, body: string): boolean {
  const { state, error } = fieldsOf(body);
  if (state !== 'FAILED') return state !== 'PROCESSING';
  const { message } = (error ?? {}) as { readonly message?: unknown };
  const reason = typeof message === 'string' ? ` Gemini said: ${JSON.stringify(message.slice(0, 300))}` : '';
  throw new GeminiWebhooksError('transfer_failed', `GeminiJobs: Gemini could not process ${name}.${reason}`);
}

function fieldsOf(body: string): { readonly state?: unknown; readonly error?: unknown } {
  try {
    return (JSON.parse(body) as object | null) ?? {};
  } catch {
    return {};
  }
}
