import type { GoogleGenAI } from '@google/genai';
import type { TrackedJob } from '../inbox/job-tracker.js';
import type { QuestionOptions } from './gemini-api.js';
import type { JobState } from './job-state.js';

/** By its id. `incomplete` and `budget_exceeded` are ends that no webhook announces. */
export async function lookUpInteraction(
  ai: GoogleGenAI,
  { name }: TrackedJob,
  { request }: QuestionOptions,
): Promise<JobState> {
  if (name === undefined) return { is: 'unknown' };
  const id = name.replace(/^interactions\//, '');
  const interaction = await ai.interactions.get(id, null, request);
  switch (interaction.status as string) {
    case 'completed':
      return { is: 'ended', name, outcome: 'succeeded', event: { type: 'interaction.completed', data: { id } } };
    case 'requires_action':
      return {
        is: 'ended',
        name,
        outcome: 'requires_action',
        event: { type: 'interaction.requires_action', data: { id } },
      };
    case 'failed':
      return { is: 'ended', name, outcome: 'failed', event: { type: 'interaction.failed', data: { id } } };
    case 'cancelled':
      return { is: 'ended', name, outcome: 'cancelled', event: { type: 'interaction.cancelled', data: { id } } };
    case 'incomplete':
      return { is: 'ended', name, outcome: 'incomplete' };
    case 'budget_exceeded':
      return { is: 'ended', name, outcome: 'budget_exceeded' };
    default:
      return { is: 'running' };
  }
}
