import type { Interactions } from '@google/genai';

/** What is asked when nobody asks something of their own. */
export const QUESTION = 'How did lighthouses work before electricity, and who kept them?';

/** The function that the model calls to be allowed to spend money. A person is its implementation. */
export const APPROVE_BUDGET = 'approve_budget';

export const TOOLS: Interactions.Tool[] = [
  {
    type: 'function',
    name: APPROVE_BUDGET,
    description: 'Asks a person to approve what the research may cost, before anything is looked up.',
    parameters: {
      type: 'object',
      properties: {
        budget: { type: 'string', enum: ['2 US dollars', '5 US dollars', '10 US dollars'] },
        reason: {
          type: 'string',
          enum: ['It takes many sources to answer this.', 'A few sources answer this.', 'One source answers this.'],
        },
      },
      required: ['budget', 'reason'],
    },
  },
];

export const INSTRUCTION = `You plan research. First call ${APPROVE_BUDGET}, always. With its result say in one sentence what will be looked into.`;

/** A call of the function, as the interaction holds it. */
export interface BudgetCall {
  readonly callId: string;
  readonly budget: string;
  readonly reason: string;
}

/** The call that an interaction waits for the result of. */
export function budgetCallIn({ steps = [] }: Interactions.Interaction): BudgetCall | undefined {
  const call = steps.find((step) => step.type === 'function_call');
  if (!call || call.type !== 'function_call') return undefined;
  const { budget = 'an unknown sum', reason = '' } = call.arguments as Record<string, unknown>;
  return { callId: call.id, budget: String(budget), reason: String(reason) };
}

/** What an interaction has to say. */
export function textIn({ steps = [] }: Interactions.Interaction): string {
  return steps
    .flatMap((step) => (step.type === 'model_output' ? (step.content ?? []) : []))
    .map((content) => (content.type === 'text' ? (content.text ?? '') : ''))
    .join('');
}
