import type { GoogleGenAI } from '@google/genai';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import type { RequestOptions } from '../gemini-api.js';
import { interactionId } from './interaction-poll.js';
import { readInteraction, type ReadInteraction } from '../transfer/interaction-reader.js';
import type { JobState } from './job-state.js';
import { isOperation, pollOperation } from './operation-poll.js';
import { failedVideo } from './video-failure.js';

/** An inline video of 40 MB is 54 MB of base64, which takes longer than the usual timeout on a slow line. */
const MAX_READ_MS = 300_000;

/** Polls a video by the interaction that makes it. Does not keep an inline video in memory. */
export async function pollVideo(ai: GoogleGenAI, { name }: TrackedJob, options: RequestOptions): Promise<JobState> {
  if (name === undefined) return { is: 'unnamed' };
  if (isOperation({ name })) return pollOperation(ai, name, options);
  const limits = { timeoutMs: MAX_READ_MS, stallTimeoutMs: options.http.timeout };
  const interaction = await readInteraction(ai, interactionId(name), limits);
  return stateOf(name, interaction);
}

function stateOf(name: string, { status, video, text, errors }: ReadInteraction): JobState {
  const reported = errors.find(({ message }) => message)?.message ?? text;
  switch (status) {
    case 'completed':
      // A refusal looks like this: completed, with text only.
      return video ? generated(name, video.uri) : failedVideo(name, 'filtered', reported);
    case 'failed':
    case 'cancelled':
    case 'incomplete':
      return failedVideo(name, status, reported);
    case 'budget_exceeded':
      return failedVideo(name, 'incomplete', reported);
    case 'requires_action': {
      const event = { type: 'interaction.requires_action', data: { id: interactionId(name) } } as const;
      return { is: 'ended', name, outcome: 'requires_action', event };
    }
    default:
      return { is: 'running' };
  }
}

function generated(name: string, uri: string | undefined): JobState {
  const file = uri === undefined ? undefined : /\/(files\/[^/:?]+)/.exec(uri)?.[1];
  const data = {
    id: interactionId(name),
    ...(uri !== undefined && { output_file_uri: uri }),
    ...(file !== undefined && { file_name: file }),
  };
  return {
    is: 'ended',
    name,
    outcome: 'succeeded',
    event: { type: 'video.generated', data },
    announcedAs: 'interaction.completed',
  };
}
