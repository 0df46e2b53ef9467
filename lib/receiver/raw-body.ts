import type { NestContainer } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { GeminiWebhooksError } from '../errors.js';
import type { GuardedRoute } from './guarded-routes.js';
import { hostBytes } from './host-bytes.js';
import { setRequestState } from './request-state.js';
import type { RefusalWarnings } from './refusal-warnings.js';

/** Limits on uploads. */
export interface BodyLimits {
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
}

/** Routes of one module instance whose bodies are captured, and how. */
export interface Capture {
  readonly routes: readonly GuardedRoute[];
  readonly limits: BodyLimits;
  readonly refusals: RefusalWarnings;
  /** Called when a request is answered with a refusal before it reaches our guard. */
  readonly onRefused: (error: unknown) => void;
  readonly container: NestContainer;
}

/**
 * Called after a body was captured or refused.
 *
 * @param error a GeminiWebhooksError `unsupported_media_type`, `body_too_large` or `request_timeout`
 * @param isEnding true if the request has yet to emit `end`
 */
type Captured = (error?: unknown, isEnding?: boolean) => void;

/** Captures a request's body for `deliveredBytes`, unless other code read it. Uses the bytes that a host stored. */
export function captureBody(message: IncomingMessage, limits: BodyLimits, done: Captured): void {
  try {
    checkHeaders(message, limits);
  } catch (error) {
    return done(error);
  }
  const bytes = hostBytes(message);
  if (bytes) {
    setRequestState(message, { bytes });
    return done();
  }
  // A stream that was read does not end again.
  if (message.readableDidRead || message.readableEnded) return done();
  // A body that came in one packet with its headers has arrived by then.
  process.nextTick(captureBytes, message, limits, done);
}

function captureBytes(message: IncomingMessage, limits: BodyLimits, done: Captured): void {
  if (readWhole(message)) return done(undefined, true);
  readBody(message, limits).then((bytes) => {
    setRequestState(message, { bytes });
    done();
  }, done);
}

/** Reads a body that has arrived completely, as nearly all do, without listeners and a timer. */
function readWhole(message: IncomingMessage): boolean {
  const { readableLength } = message;
  if (readableLength === 0 || readableLength !== Number(message.headers['content-length'])) return false;
  setRequestState(message, { bytes: message.read() as Buffer });
  // The stream ends only when it is read further.
  message.resume();
  return true;
}

function checkHeaders({ headers }: IncomingMessage, { bodyLimitBytes }: BodyLimits): void {
  const type = headers['content-type'];
  const encoding = headers['content-encoding'];
  if ((type && !isJson(type)) || (encoding && encoding.trim().toLowerCase() !== 'identity')) {
    throw new GeminiWebhooksError('unsupported_media_type', 'The delivery is not unencoded JSON.');
  }
  if (Number(headers['content-length'] ?? 0) > bodyLimitBytes) throw tooLarge(bodyLimitBytes);
}

function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const essence = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return essence === 'application/json' || /^[\w.+-]+\/[\w.-]+\+json$/.test(essence);
}

function readBody(message: IncomingMessage, { bodyLimitBytes, bodyTimeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyLimitBytes) fail(tooLarge(bodyLimitBytes));
      else chunks.push(chunk);
    };
    const onEnd = () => {
      release();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const onAbort = () => fail(new GeminiWebhooksError('request_timeout', 'The upload of a delivery was aborted.'));
    const fail = (error: GeminiWebhooksError) => {
      release();
      reject(error);
    };
    const release = () => {
      clearTimeout(timer);
      message.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
    };
    const timer = setTimeout(
      () =>
        fail(
          new GeminiWebhooksError(
            'request_timeout',
            `A delivery took longer than bodyTimeoutMs (${bodyTimeoutMs} ms) to arrive.`,
          ),
        ),
      bodyTimeoutMs,
    );
    message.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort);
  });
}

/** Reads and drops the rest of a refused upload. */
export function drain(message: IncomingMessage): void {
  message.on('error', () => undefined).resume();
}

/** Drops the rest of a refused upload, and closes the connection if it does not end within `bodyTimeoutMs`. */
export function discardRest(message: IncomingMessage, { bodyTimeoutMs }: BodyLimits): void {
  if (message.complete || message.readableEnded) return;
  drain(message);
  const timer = setTimeout(() => closeConnection(message), bodyTimeoutMs);
  const done = () => clearTimeout(timer);
  message.once('end', done).once('close', done);
}

/** Requests of `app.inject()` and serverless hosts have no connection, or one that cannot be closed. */
function closeConnection(message: IncomingMessage): void {
  const socket = message.socket as { destroy?: () => void } | null | undefined;
  if (socket?.destroy) socket.destroy();
  else message.destroy();
}

function tooLarge(bodyLimitBytes: number): GeminiWebhooksError {
  return new GeminiWebhooksError('body_too_large', `The delivery is larger than bodyLimitBytes (${bodyLimitBytes}).`);
}
