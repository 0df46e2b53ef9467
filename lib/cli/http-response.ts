import { isObject } from '../shared/is-object.js';
import { DOCTOR_ANSWER_HEADER, FAILED_HANDLERS_HEADER, type DoctorAnswer } from '../shared/doctor-probe.js';
import { messageOf } from '../errors.js';
import { printable } from './table.js';

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 64 * 1024;

/** Response to one request, or why there is none. */
export interface HttpResult {
  /** `undefined` if there is no response. */
  readonly status: number | undefined;
  /** The `code` of a refusal or the `status` of a receipt in the module's format; `''` for anything else. */
  readonly code: string;
  /** Why there is no response; `''` if there is one. */
  readonly error: string;
  /** How far the server's clock is ahead of this machine's, to about a second; `undefined` without a `date` header. */
  readonly clockAheadMs: number | undefined;
  readonly milliseconds: number;
  /** Parsed JSON of the body's first 64 KiB; `undefined` for anything else. */
  readonly json: unknown;
  /** Media type without parameters; `''` if there is none. */
  readonly mediaType: string;
  /** Report of the module in its response to doctor's probe; `undefined` for other requests and other responders. */
  readonly doctor?: DoctorAnswer | undefined;
  /** Names of the handlers that failed for good, in the module's response to `trigger`. */
  readonly failedHandlers?: readonly string[];
}

/** Sends one request and never rejects. Does not follow redirects: a delivery of Gemini would not either. */
export async function sendRequest(url: URL, request: RequestInit, fetch: typeof globalThis.fetch): Promise<HttpResult> {
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
      code: codeIn(json),
      error: '',
      clockAheadMs,
      milliseconds: milliseconds(),
      json,
      mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase(),
      doctor: doctorReportOf(response.headers.get(DOCTOR_ANSWER_HEADER)),
      failedHandlers: namesIn(response.headers.get(FAILED_HANDLERS_HEADER)),
    };
  } catch (error) {
    const none = { status: undefined, code: '', clockAheadMs: undefined, json: undefined, mediaType: '' };
    return { ...none, error: reasonOf(error), milliseconds: milliseconds() };
  }
}

/** Returns the response as text: `200 processed`, `no response: connect ECONNREFUSED 127.0.0.1:3000`. */
export function resultText({ status, code, error }: HttpResult): string {
  return status === undefined ? `no response: ${error}` : `${status} ${code}`.trimEnd();
}

/** True if Gemini would not retry a delivery after this response. */
export function isSuccess({ status = 0 }: Pick<HttpResult, 'status'>): boolean {
  return status >= 200 && status <= 299;
}

const RECEIPTS: Readonly<Record<string, readonly number[]>> = {
  processed: [200],
  duplicate: [200],
  accepted: [200, 202],
};

/** True for a 2xx in the module's exact format, which a relay or another route does not return. */
export function isReceipt({ status = 0, code, json, mediaType }: HttpResult): boolean {
  const isOwnJson = mediaType === 'application/json' && isObject(json) && Object.keys(json).join() === 'status';
  return isOwnJson && Object.hasOwn(RECEIPTS, code) && RECEIPTS[code]!.includes(status);
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) break;
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

function doctorReportOf(header: string | null): DoctorAnswer | undefined {
  const report = header === null ? undefined : jsonOf(header);
  if (!isObject(report) || !Array.isArray(report['handles'])) return undefined;
  const { handles, isHeard, hasWorkers, hasOtherWorkers, takesDynamic } = report;
  return {
    handles: handles.filter((pattern) => typeof pattern === 'string'),
    isHeard: isHeard === true,
    hasWorkers: hasWorkers === true,
    ...(typeof hasOtherWorkers === 'boolean' && { hasOtherWorkers }),
    takesDynamic: takesDynamic === true,
  };
}

function namesIn(header: string | null): readonly string[] {
  const names = header === null ? [] : header.split(',');
  return names.map((name) => printable(decoded(name)));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function codeIn(json: unknown): string {
  if (!isObject(json)) return '';
  const code = json['code'] ?? json['status'];
  return typeof code === 'string' ? printable(code).slice(0, 64) : '';
}

/** A `date` header has no fraction of a second: the middle of the second is the best guess. */
function aheadOf(now: number, date: string | null): number | undefined {
  const time = Date.parse(date ?? '') + 500;
  return Number.isNaN(time) ? undefined : time - now;
}

function reasonOf(error: unknown): string {
  if ((error as { readonly name?: string }).name === 'TimeoutError') return `none within ${TIMEOUT_MS / 1000} s`;
  return messageOf(error).replace(/^fetch failed: /, '');
}
