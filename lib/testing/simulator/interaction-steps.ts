import { randomBytes } from 'node:crypto';
import type { FunctionTool, InteractionRequest } from './interaction-request.js';
import { isDeepResearch } from './model-catalogue.js';
import type { JsonObject } from './request-fields.js';
import { generateText, countTokens } from './simulated-model.js';
import type { JobEnd } from './simulated-api.js';

/** Function to call if a fault pauses an interaction that declares no function. */
const UNDECLARED_FUNCTION: FunctionTool = { name: 'confirm', parameters: undefined };

/** Types of input items that are steps (typings of `@google/genai` 3.3). */
const STEPS: ReadonlySet<unknown> = new Set([
  'user_input',
  'thought',
  'model_output',
  'function_call',
  'function_result',
]);

/**
 * Returns the steps of an interaction that ended with `end`: `user_input` and, if the model ran, `thought` precede the
 * output (live: TanStack/ai#871).
 */
export function stepsOf(request: InteractionRequest, end: JobEnd): readonly JsonObject[] {
  return [...inputSteps(request.body['input']), ...outputOf(request, end)];
}

/** Returns `user_input` and `thought`, which precede the output of a video. */
export function stepsBeforeVideo({ body }: InteractionRequest): readonly JsonObject[] {
  return [...inputSteps(body['input']), thought('Planning the shot.')];
}

/** Returns a step with a text of the model. */
export function modelOutput(text: string): JsonObject {
  return { type: 'model_output', content: [{ type: 'text', text }] };
}

function outputOf(request: InteractionRequest, end: JobEnd): readonly JsonObject[] {
  switch (end) {
    case 'succeeded':
      if (request.agent === undefined) return [thought(), modelOutput(textReplyTo(request))];
      return isPlanned(request) ? planSteps(request.prompt) : researchSteps(request.prompt);
    case 'requires_action':
      return [functionCall(request.functions[0] ?? UNDECLARED_FUNCTION)];
    case 'incomplete':
    case 'budget_exceeded':
      return [modelOutput('Simulated answer, cut short')];
    default:
      return [];
  }
}

/** Returns token counts of an interaction of realistic size. */
export function usageOf(request: InteractionRequest, steps: readonly JsonObject[]): JsonObject {
  const [input, output] = [countTokens(request.prompt), countTokens(JSON.stringify(steps))];
  return { total_input_tokens: input, total_output_tokens: output, total_tokens: input + output };
}

function textReplyTo({ prompt, results }: InteractionRequest): string {
  if (results.length === 0) return generateText(prompt);
  return `Simulated answer from: ${JSON.stringify(results.map(({ result }) => result))}`;
}

function researchSteps(prompt: string): readonly JsonObject[] {
  const report = [
    '# Simulated report',
    '',
    `Question: ${prompt}`,
    '',
    '## Findings',
    '',
    '1. A simulator has looked nothing up.',
    '2. The real agent takes minutes, and cites its sources.',
  ].join('\n');
  return [thought('Planning the research.'), modelOutput(report)];
}

/** True if `collaborative_planning` is set: the result is then a plan; a later turn without it writes the report (wire.md). */
function isPlanned({ agent, body }: InteractionRequest): boolean {
  const config = fieldsOf(body['agent_config']);
  return isDeepResearch(agent) && config['type'] === 'deep-research' && config['collaborative_planning'] === true;
}

function planSteps(prompt: string): readonly JsonObject[] {
  const plan = ['# Simulated plan', '', `Question: ${prompt}`, '', '1. Look nothing up.', '2. Write the report.'];
  return [thought('Planning the research.'), modelOutput(plan.join('\n'))];
}

/** Converts an input to steps: keeps items that are steps, and wraps content in a `user_input`. */
function inputSteps(input: unknown): readonly JsonObject[] {
  const items = (Array.isArray(input) ? input : [input ?? '']) as readonly unknown[];
  const content = items.filter((item) => !isStep(item));
  const steps = items.filter(isStep);
  if (content.length === 0) return steps;
  const blocks = content.map((item) => (typeof item === 'string' ? { type: 'text', text: item } : item));
  return [...steps, { type: 'user_input', content: blocks }];
}

function isStep(item: unknown): item is JsonObject {
  return STEPS.has(fieldsOf(item)['type']);
}

function thought(text?: string): JsonObject {
  const signature = randomBytes(24).toString('base64');
  return { type: 'thought', signature, ...(text !== undefined && { summary: [{ type: 'text', text }] }) };
}

function functionCall({ name, parameters }: FunctionTool): JsonObject {
  const id = `call_${randomBytes(8).toString('hex')}`;
  return { type: 'function_call', id, name, arguments: sampleArguments(parameters) };
}

/** Returns a value of the right type for each property that the function declares. */
function sampleArguments(parameters: JsonObject | undefined): JsonObject {
  const properties = Object.entries(fieldsOf(parameters?.['properties']));
  return Object.fromEntries(properties.map(([name, schema]) => [name, sampleOf(name, fieldsOf(schema))]));
}

function sampleOf(name: string, schema: JsonObject): unknown {
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (String(schema['type']).toLowerCase()) {
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return sampleArguments(schema);
    default:
      return name;
  }
}

/** Returns an empty object for anything but an object: callers may send any schema. */
function fieldsOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
