import type { Interactions } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { callOptions, quoted } from '../shared/check-object.js';
import { checkBackground } from './job-plans.js';
import { checkTimeout } from './timeout-check.js';

/** Format of a video. */
export type VideoFormat = Interactions.VideoResponseFormat;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks parameters of `createVideo`: what the types exclude and the API would reject or misread.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkVideo(params: unknown): void {
  const given = fieldsOf(params);
  const { input } = given;
  const isGiven = isText(input) || (typeof input === 'object' && input !== null);
  if (!isGiven || (Array.isArray(input) && input.length === 0)) {
    throw invalid('createVideo', 'input is missing', 'Give a prompt, or contents with images or a video.');
  }
  checkCommon('createVideo', given);
}

/**
 * Checks parameters of `extendVideo` before the wait for its video.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkExtension(params: unknown, timeoutMs?: number): void {
  const given = fieldsOf(params);
  if (!isText(given['prompt'])) {
    throw invalid('extendVideo', 'prompt is missing', 'Say in one or two sentences what happens next.');
  }
  checkCommon('extendVideo', given);
  if (timeoutMs !== undefined) checkTimeout('extendVideo', timeoutMs);
}

function checkCommon(method: string, given: Fields): void {
  const { model, agent, response_format: format } = given;
  if (agent !== undefined) throw invalid(method, 'agent is set', 'Leave it out: agents create no videos.');
  if (model !== undefined && !isText(model)) {
    throw invalid(method, `model is ${quoted(model)}`, 'Give the name of a model, or leave it out.');
  }
  if (format !== undefined) checkFormat(method, format);
  checkBackground(method, given);
}

function checkFormat(method: string, format: unknown): void {
  if (typeof format !== 'object' || format === null || Array.isArray(format)) {
    throw invalid(method, 'response_format is not an object', "Give { duration: '8s', resolution: '720p' }.");
  }
  const { type = 'video', duration } = format as Fields;
  if (type !== 'video') {
    throw invalid(method, `response_format.type is ${quoted(type)}`, 'Leave it out: the type is always video.');
  }
  // The API responds with 400 to a number.
  if (duration !== undefined && !(typeof duration === 'string' && /^\d+(\.\d+)?s$/.test(duration))) {
    throw invalid(method, `response_format.duration is ${quoted(duration)}`, "Give seconds as a string: '8s'.");
  }
}

/** @throws GeminiWebhooksError `invalid_argument` if it is neither a path nor a stream, and for options that are no object */
export function checkDestination(destination: unknown, options: object): void {
  callOptions('GeminiJobs.downloadVideo', options);
  const { write } = fieldsOf(destination);
  if (isText(destination) || typeof write === 'function') return;
  throw invalid('downloadVideo', 'destination is missing', 'Give the path of a file, or a Writable.');
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function invalid(method: string, what: string, todo: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs.${method}: ${what}. ${todo}`);
}
