import {
  invalidArgument,
  listOf,
  optionalObject,
  optionalString,
  requiredObject,
  type JsonObject,
} from './request-fields.js';
import { promptIn } from './simulated-answer.js';

/** A function that the model may ask for. */
export interface FunctionTool {
  readonly name: string;
  readonly parameters: JsonObject | undefined;
}

/** What a function that was asked for has returned. */
export interface FunctionResult {
  readonly callId: string;
  readonly result: unknown;
}

/** The body of `interactions.create`, as far as the simulator looks at it. */
export interface InteractionRequest {
  /** Comes back with the interaction as it is. */
  readonly body: JsonObject;
  readonly prompt: string;
  readonly agent: string | undefined;
  readonly functions: readonly FunctionTool[];
  readonly results: readonly FunctionResult[];
  readonly previousId: string | undefined;
  readonly isBackground: boolean;
}

/** @throws ApiError `INVALID_ARGUMENT` for what Gemini, or the simulator, does not take */
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
  return { body, agent, isBackground, results, previousId, functions, prompt: promptIn(body['input']) };
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
  return (value): value is JsonObject =>
    typeof value === 'object' && value !== null && (value as JsonObject)['type'] === type;
}
