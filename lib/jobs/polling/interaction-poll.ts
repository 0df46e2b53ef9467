import type { GoogleGenAI } from '@google/genai';
import type { GeminiJobOutcome } from '../../errors.js';
import type { GeminiEventType } from '../../events/event-catalogue.js';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import type { RequestOptions } from '../gemini-api.js';
import type { JobState } from './job-state.js';

/** Outcomes of an interaction by its status. With any other status, known or not, the interaction is running. */
const ENDS: Readonly<Record<string, { readonly outcome: GeminiJobOutcome; readonly type: GeminiEventType }>> = {
  completed: { outcome: 'succeeded', type: 'interaction.completed' },
  requires_action: { outcome: 'requires_action', type: 'interaction.requires_action' },
  failed: { outcome: 'failed', type: 'interaction.failed' },
  cancelled: { outcome: 'cancelled', type: 'interaction.cancelled' },
  incomplete: { outcome: 'incomplete', type: 'interaction.incomplete' },
  budget_exceeded: { outcome: 'budget_exceeded', type: 'interaction.incomplete' },
};

/** Polls an interaction by its id. */
export async function pollInteraction(
  ai: GoogleGenAI,
  { name }: TrackedJob,
  { request }: RequestOptions,
): Promise<JobState> {
  if (name === undefined) return { is: 'unnamed' };
  const id = interactionId(name);
  const { status, errors } = await ai.interactions.get(id, null, request);
  const end = Object.hasOwn(ENDS, status) ? ENDS[status] : undefined;
  if (!end) return { is: 'running' };
  const { outcome, type } = end;
  const [error] = errors ?? [];
  const data = {
    id,
    ...(type === 'interaction.incomplete' && { reason: outcome }),
    ...(type === 'interaction.failed' && errorData(error)),
  };
  return { is: 'ended', name, outcome, event: { type, data }, message: error?.message };
}

/** Returns the bare id: Gemini treats `interactions/<id>` and `<id>` alike. */
export function interactionId(name: string): string {
  return name.replace(/^interactions\//, '');
}

function errorData(error: { readonly code?: unknown; readonly message?: unknown } | undefined) {
  const { code, message } = error ?? {};
  return {
    ...((typeof code === 'string' || typeof code === 'number') && { error_code: code }),
    ...(typeof message === 'string' && { error_message: message }),
  };
}
