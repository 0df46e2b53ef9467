import type { GeminiEventData, GeminiEventType } from '../../events/event-catalogue.js';
import { resourceId } from '../../events/event-resource.js';
import type { EndedJob } from './job-state.js';

/** Why there is no video. */
export type VideoFailure = GeminiEventData['video.failed']['reason'];

const MAX_MESSAGE_LENGTH = 2_000;

/** Type of the event that Gemini sends when the interaction ends so. It sends a refusal as a completion. */
const ANNOUNCED_AS: Readonly<Record<VideoFailure, GeminiEventType>> = {
  filtered: 'interaction.completed',
  failed: 'interaction.failed',
  cancelled: 'interaction.cancelled',
  incomplete: 'interaction.incomplete',
};

/** Returns the end of a video job that made no video. */
export function failedVideo(name: string, reason: VideoFailure, reported: string | undefined): EndedJob {
  const message = reported?.slice(0, MAX_MESSAGE_LENGTH) || undefined;
  const data = { id: resourceId(name), reason, ...(message !== undefined && { message }) };
  return {
    is: 'ended',
    name,
    outcome: reason,
    event: { type: 'video.failed', data },
    announcedAs: ANNOUNCED_AS[reason],
    message,
  };
}
