import { randomBytes } from 'node:crypto';
import type { FunctionTool, InteractionRequest } from './interaction-request.js';
import type { JsonObject } from './request-fields.js';
import { answerTo, tokensOf } from './simulated-answer.js';
import type { JobEnd } from './simulated-api.js';

/** What is called when a pause is asked for and the interaction has declared no function. */
const UNDECLARED_FUNCTION: FunctionTool = { name: 'confirm', parameters: undefined };

/** The steps with which an interaction ends so. */
export function stepsOf(request: InteractionRequest, end: JobEnd): readonly JsonObject[] {
  switch (end) {
    case 'succeeded':
      return request.agent === undefined ? [modelOutput(replyTo(request))] : researchSteps(request.prompt);
    case 'requires_action':
      return [functionCall(request.functions[0] ?? UNDECLARED_FUNCTION)];
    case 'incomplete':
    case 'budget_exceeded':
      return [modelOutput('Simulated answer, cut short')];
    default:
      return [];
  }
}

/** Statistics of the interaction, about as large as the real ones would be. */
export function usageOf(request: InteractionRequest, steps: readonly JsonObject[]): JsonObject {
  const [input, output] = [tokensOf(request.prompt), tokensOf(JSON.stringify(steps))];
  return { total_input_tokens: input, total_output_tokens: output, total_tokens: input + output };
}

function replyTo({ prompt, results }: InteractionRequest): string {
  if (results.length === 0) return answerTo(prompt);
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
  return [{ type: 'thought', summary: [{ type: 'text', text: 'Planning the research.' }] }, modelOutput(report)];
}

function modelOutput(text: string): JsonObject {
  return { type: 'model_output', content: [{ type: 'text', text }] };
}

function functionCall({ name, parameters }: FunctionTool): JsonObject {
  const id = `call_${randomBytes(8).toString('hex')}`;
  return { type: 'function_call', id, name, arguments: sampleArguments(parameters) };
}

/** Something of the right type for each property that the function declares. */
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

/** A schema is the caller's: what is no object has no fields. */
function fieldsOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
