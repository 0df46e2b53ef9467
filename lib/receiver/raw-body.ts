import type { IncomingMessage } from 'node:http';
import { GeminiWebhooksError } from '../errors.js';
import { keep, keptFor, type Kept } from './kept.js';

/** What an upload may cost. */
export interface BodyLimits {
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
}

/**
 * What is kept of a request to one of our routes, with its bytes: captured, or kept by whoever read them before us
 * (`rawBody`).
 *
 * @throws GeminiWebhooksError `raw_body_unavailable`
 */
export function bytesKeptFor(request: { readonly rawBody?: unknown; readonly raw?: IncomingMessage }): Kept {
  const captured = keptFor(request);
  if (captured) return captured;
  const { rawBody: bytes } = request;
  if (!Buffer.isBuffer(bytes)) {
    throw new GeminiWebhooksError(
      'raw_body_unavailable',
      'The bytes of a Gemini delivery were read before this module could keep them, so its signature cannot be checked. Something in front of Nest ' +
        'parses the body (such as express.json() on the server given to ExpressAdapter): exclude this route there, or have it keep the bytes in request.rawBody.',
    );
  }
  const kept = { bytes };
  keep(request.raw ?? request, kept);
  return kept;
}

/**
 * Is told when a body has been captured.
 *
 * @param error a GeminiWebhooksError `unsupported_media_type`, `body_too_large` or `request_timeout`
 * @param isEnding whether the request's `end` is still to come
 */
type Captured = (error?: unknown, isEnding?: boolean) => void;

/** Reads a request's body, unless somebody has, and keeps it for `bytesKeptFor`. */
export function captureBody(message: IncomingMessage, limits: BodyLimits, done: Captured): void {
  try {
    checkHeaders(message, limits);
  } catch (error) {
    return done(error);
  }
  // What has been read will not end a second time.
  if (message.readableDidRead || message.readableEnded) return done();
  // A body that came in one packet with its headers is there by then.
  process.nextTick(takeBody, message, limits, done);
}

function takeBody(message: IncomingMessage, limits: BodyLimits, done: Captured): void {
  if (takeWhole(message)) return done(undefined, true);
  readBody(message, limits).then((bytes) => {
    keep(message, { bytes });
    done();
  }, done);
}

/** Spares a body that is all there, as nearly every delivery's is, the listeners and the timer of one that is not. */
function takeWhole(message: IncomingMessage): boolean {
  const { readableLength } = message;
  if (readableLength === 0 || readableLength !== Number(message.headers['content-length'])) return false;
  keep(message, { bytes: message.read() as Buffer });
  // What is read does not end before it is asked for more.
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
    const onCut = () => fail(new GeminiWebhooksError('request_timeout', 'The upload of a delivery was cut.'));
    const fail = (error: GeminiWebhooksError) => {
      release();
      reject(error);
    };
    const release = () => {
      clearTimeout(timer);
      message.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
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
    message.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/** Passes over the rest of an upload that was refused, and hangs up on one that will not end. */
export function discardRest(message: IncomingMessage, { bodyTimeoutMs }: BodyLimits): void {
  if (message.complete) return;
  message.on('error', () => undefined);
  message.resume();
  const timer = setTimeout(() => message.socket.destroy(), bodyTimeoutMs);
  const done = () => clearTimeout(timer);
  message.once('end', done).once('close', done);
}

function tooLarge(bodyLimitBytes: number): GeminiWebhooksError {
  return new GeminiWebhooksError('body_too_large', `The delivery is larger than bodyLimitBytes (${bodyLimitBytes}).`);
}
