import { GeminiWebhooksError } from '../../errors.js';
import { isObject } from '../../shared/is-object.js';

const MAX_TEXT_LENGTH = 2000;
const MAX_ERRORS = 20;

/** Result of an interaction, without the contents of its media. */
export interface ReadInteraction {
  readonly id: string;
  /** Status as Gemini returns it, also one that this package does not know. */
  readonly status: string;
  readonly model?: string;
  readonly errors: readonly InteractionError[];
  /** The text of the `model_output` steps, at most 2,000 characters. A refusal may consist of it alone. */
  readonly text: string;
  /** The last video of the last `model_output` step that has one. */
  readonly video?: InteractionVideo;
}

/** An error of an interaction, or of one of its steps. */
export interface InteractionError {
  readonly code?: string | number;
  readonly message?: string;
}

/** A video in an interaction: by URI, or inline as base64, regardless of the requested delivery. */
export interface InteractionVideo {
  readonly mimeType: string;
  readonly uri?: string;
  readonly isInline: boolean;
}

/** A parsed response: the interaction, and the value of its inline video. */
export interface InteractionAnswer {
  readonly interaction: ReadInteraction;
  readonly inlineData: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses the body of `GET interactions/{id}`.
 *
 * @param textOf returns a text of the response, or the beginning of one that was too long to keep
 * @throws GeminiWebhooksError `transfer_failed` for a body that is not an interaction
 */
export function interactionAnswer(json: string, id: string, textOf: (text: string) => string): InteractionAnswer {
  const body = parsed(json);
  const status = stringOf(body['status']);
  if (status === undefined) throw failed('is not an interaction: it has no status');
  const steps = objectsOf(body['steps']);
  const outputs = steps.filter(({ type }) => type === 'model_output');
  const video = outputVideoOf(steps);
  const inlineData = stringOf(video?.['data']);
  const uri = stringOf(video?.['uri']);
  const model = stringOf(body['model']);
  const isVideo = inlineData !== undefined || uri !== undefined;
  return {
    inlineData,
    interaction: {
      id: stringOf(body['id']) ?? id,
      status,
      ...(model !== undefined && { model }),
      errors: [...objectsOf(body['errors']), ...objectsOf([body['error']]), ...outputs.flatMap(stepErrors)]
        .slice(0, MAX_ERRORS)
        .map(errorOf),
      text: textOfOutputs(outputs, textOf),
      ...(isVideo && {
        video: {
          mimeType: stringOf(video?.['mime_type']) ?? 'video/mp4',
          ...(uri !== undefined && { uri }),
          isInline: inlineData !== undefined,
        },
      }),
    },
  };
}

/** Returns the same video as the SDK's `output_video`: steps before the last input belong to an earlier turn. */
function outputVideoOf(steps: readonly Fields[]): Fields | undefined {
  const turn = steps.slice(steps.findLastIndex(({ type }) => type === 'user_input') + 1);
  return turn
    .filter(({ type }) => type === 'model_output')
    .flatMap(contentsOf)
    .findLast(({ type }) => type === 'video');
}

function textOfOutputs(outputs: readonly Fields[], textOf: (text: string) => string): string {
  let text = '';
  for (const content of outputs.flatMap(contentsOf)) {
    if (text.length >= MAX_TEXT_LENGTH) break;
    if (content['type'] === 'text') text += textOf(stringOf(content['text']) ?? '');
  }
  return clipped(text);
}

function contentsOf({ content }: Fields): Fields[] {
  return objectsOf(content);
}

function stepErrors({ error }: Fields): Fields[] {
  return objectsOf([error]);
}

function errorOf({ code, message }: Fields): InteractionError {
  const isCode = typeof code === 'string' || typeof code === 'number';
  return {
    ...(isCode && { code }),
    ...(typeof message === 'string' && { message: clipped(message) }),
  };
}

function clipped(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH);
}

function parsed(json: string): Fields {
  try {
    const [body] = objectsOf([JSON.parse(json)]);
    if (body) return body;
  } catch (cause) {
    throw failed('is not JSON', cause);
  }
  throw failed('is not a JSON object');
}

function failed(what: string, cause?: unknown): GeminiWebhooksError {
  const message = `GeminiJobs: the response to an interaction's status check ${what}.`;
  return new GeminiWebhooksError('transfer_failed', message, cause === undefined ? {} : { cause });
}

function objectsOf(values: unknown): Fields[] {
  return Array.isArray(values) ? values.filter(isObject) : [];
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
