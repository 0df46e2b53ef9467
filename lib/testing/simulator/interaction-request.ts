import { isObject } from '../../shared/is-object.js';
import { InteractionError } from './interaction-error.js';
import {
  invalidArgument,
  listOf,
  optionalObject,
  optionalString,
  requiredObject,
  type JsonObject,
} from './request-fields.js';
import { promptIn } from './simulated-model.js';

/** Function that the model may call. */
export interface FunctionTool {
  readonly name: string;
  readonly parameters: JsonObject | undefined;
}

/** Result of a function that the model called. */
export interface FunctionResult {
  readonly callId: string;
  readonly result: unknown;
}

/** Parsed body of `interactions.create`. */
export interface InteractionRequest {
  /** Unparsed body; the interaction repeats some of its fields. */
  readonly body: JsonObject;
  readonly prompt: string;
  /** Without `models/`. */
  readonly model: string | undefined;
  readonly agent: string | undefined;
  readonly functions: readonly FunctionTool[];
  readonly results: readonly FunctionResult[];
  readonly previousId: string | undefined;
  readonly isBackground: boolean;
  /** False for `store: false`: a GET does not find it afterwards. */
  readonly isStored: boolean;
  /** First video of the input. */
  readonly inputVideo: InputVideo | undefined;
}

/** Video in the input of an interaction. */
export interface InputVideo {
  /** `files/…`, if the input names a file of the API. */
  readonly fileName: string | undefined;
}

/** A prompt that contains this text is refused before the interaction starts. */
const BLOCKED_TEXT = '[blocked]';

/** Maximum nesting depth of `input`. */
const MAX_INPUT_DEPTH = 5;

/**
 * Parses the body of `interactions.create` and checks the rules for all interactions (wire.md, "Interactions").
 *
 * @throws ApiError `INVALID_ARGUMENT` for a request that Gemini refuses or the simulator does not support
 * @throws InteractionError `content_blocked` for a blocked prompt
 */
export function interactionRequestOf(json: unknown): InteractionRequest {
  const body = requiredObject(json, 'body');
  const agent = optionalString(body['agent'], 'agent');
  const model = optionalString(body['model'], 'model');
  if ((agent === undefined) === (model === undefined)) throw invalidArgument('Give either a model or an agent.');
  if (body['stream'] === true) throw invalidArgument('The simulator does not stream interactions.');
  const isBackground = body['background'] === true;
  if (agent !== undefined && !isBackground) throw invalidArgument('Agents need background: true.');
  const results = resultsIn(body['input']);
  const previousId = optionalString(body['previous_interaction_id'], 'previous_interaction_id');
  if (results.length > 0 && previousId === undefined) {
    throw invalidArgument('A function_result needs previous_interaction_id.');
  }
  const functions = functionsIn(body['tools']);
  const isStored = body['store'] !== false;
  checkCombinations(body, { isStored, isBackground, previousId });
  const prompt = promptIn(body['input']);
  if (prompt.includes(BLOCKED_TEXT)) {
    throw new InteractionError(400, 'content_blocked', 'The prompt was blocked. (A text that the simulator blocks.)');
  }
  return {
    body,
    model: model?.replace(/^models\//, ''),
    agent,
    isBackground,
    isStored,
    results,
    previousId,
    functions,
    prompt,
    inputVideo: inputVideoIn(body['input'], MAX_INPUT_DEPTH),
  };
}

function checkCombinations(
  body: JsonObject,
  { isStored, isBackground, previousId }: Pick<InteractionRequest, 'isStored' | 'isBackground' | 'previousId'>,
): void {
  if (!isStored && isBackground) throw invalidArgument('store: false cannot be used with background: true.');
  if (!isStored && previousId !== undefined) {
    throw invalidArgument('store: false cannot be used with previous_interaction_id.');
  }
  if (!isBackground && (body['webhook_config'] ?? undefined) !== undefined) {
    throw invalidArgument('background: true is required when webhook_config is specified.');
  }
}

function inputVideoIn(input: unknown, levels: number): InputVideo | undefined {
  if (levels === 0 || typeof input !== 'object' || input === null) return undefined;
  if (Array.isArray(input)) {
    for (const item of input as readonly unknown[]) {
      const video = inputVideoIn(item, levels - 1);
      if (video !== undefined) return video;
    }
    return undefined;
  }
  const { type, uri, content } = input as JsonObject;
  if (type !== 'video') return inputVideoIn(content, levels - 1);
  return { fileName: typeof uri === 'string' ? /\bfiles\/[a-z0-9-]+/.exec(uri)?.[0] : undefined };
}

function resultsIn(input: unknown): readonly FunctionResult[] {
  const steps = (Array.isArray(input) ? input : [input]) as readonly unknown[];
  return steps.filter(hasType('function_result')).map((step) => {
    const callId = optionalString(step['call_id'], 'function_result.call_id');
    if (callId === undefined || step['result'] === undefined) {
      throw invalidArgument('A function_result needs call_id and result.');
    }
    return { callId, result: step['result'] };
  });
}

function functionsIn(tools: unknown): readonly FunctionTool[] {
  return listOf(tools, 'tools')
    .filter(hasType('function'))
    .map((tool) => {
      const name = optionalString(tool['name'], 'tools[].name');
      if (name === undefined) throw invalidArgument('A function needs a name.');
      return { name, parameters: optionalObject(tool['parameters'], 'tools[].parameters') };
    });
}

function hasType(type: string): (value: unknown) => value is JsonObject {
  return (value): value is JsonObject => isObject(value) && value['type'] === type;
}
