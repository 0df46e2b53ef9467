import type { IncomingMessage, ServerResponse } from 'node:http';
import { GeminiWebhooksError } from '../errors.js';
import { setRequestState, requestStateOf } from './request-state.js';
import type { BodyLimits } from './raw-body.js';

/**
 * Passes a request on, and refuses it if code of the app then waits for its body, which has been read and never ends
 * again. Checks every `bodyTimeoutMs` until the request reaches our guard or has a response. A request that was already
 * refused has `bodyTimeoutMs` to reach the guard.
 *
 * @param refuse receives a GeminiWebhooksError `raw_body_unavailable`, or the existing refusal of the request
 */
export function passOn(
  message: IncomingMessage,
  response: ServerResponse,
  { bodyTimeoutMs }: BodyLimits,
  proceed: () => void,
  refuse: (error: unknown, isLogged: boolean) => void,
): void {
  const state = requestStateOf(message) ?? setRequestState(message, { bytes: undefined });
  const before = readersOf(message);
  proceed();
  // Nearly all requests have reached the guard by now.
  if (state.isReached || isOver(response)) return;
  const stop = () => {
    clearInterval(timer);
    response.off('finish', stop).off('close', stop);
  };
  const timer = setInterval(() => {
    const isHeldUp = state.refusal !== undefined || readersOf(message) > before;
    if (!state.isReached && !isOver(response) && !isHeldUp) return;
    stop();
    if (state.isReached || isOver(response)) return;
    const isLogged = state.refusal !== undefined;
    state.refusal ??= waitingFor(bodyTimeoutMs);
    refuse(state.refusal, isLogged);
  }, bodyTimeoutMs);
  // A response without a connection closes differently, or never.
  response.once('finish', stop).once('close', stop);
}

function isOver(response: ServerResponse): boolean {
  return response.writableEnded || response.destroyed;
}

function readersOf(message: IncomingMessage): number {
  return message.listenerCount('data') + message.listenerCount('end') + message.listenerCount('readable');
}

const REMEDY = 'Exclude this route from it, or make it keep the bytes in request.rawBody.';

function waitingFor(bodyTimeoutMs: number): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'raw_body_unavailable',
    `A middleware or hook of the app waited ${bodyTimeoutMs} ms for the request's body ("data" and "end" events), which this module had read. ${REMEDY}`,
  );
}

/**
 * Refuses a request whose middleware or hook failed because the body had been read. Ignores other requests and errors.
 *
 * @param refuse same as for `passOn`
 * @returns true if the request was refused
 */
export function refuseLateRead(
  message: IncomingMessage,
  cause: unknown,
  refuse: (error: unknown, isLogged: boolean) => void,
): boolean {
  const state = requestStateOf(message);
  if (!state || state.isReached || !isUnreadable(cause)) return false;
  const isLogged = state.refusal !== undefined;
  state.refusal ??= new GeminiWebhooksError(
    'raw_body_unavailable',
    `A middleware or hook of the app failed to read the request's body, which this module had read. ${REMEDY}`,
    { cause },
  );
  refuse(state.refusal, isLogged);
  return true;
}

const UNREADABLE_CODES: ReadonlySet<unknown> = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE',
]);

/** True for the errors of `raw-body` (and parsers based on it), Node and `fetch` for a stream that has ended. */
function isUnreadable(error: unknown): boolean {
  const { name, message, type, code } = (error ?? {}) as Partial<Record<'name' | 'message' | 'type' | 'code', unknown>>;
  if (type === 'stream.not.readable' || UNREADABLE_CODES.has(code)) return true;
  return name === 'TypeError' && /\b(disturbed|locked)\b/.test(String(message));
}
