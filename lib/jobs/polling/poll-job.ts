import type { GoogleGenAI } from '@google/genai';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import { pollBatch, type BelongsToOther } from './batch-poll.js';
import type { RequestOptions } from '../gemini-api.js';
import { pollInteraction } from './interaction-poll.js';
import type { JobState } from './job-state.js';
import { pollVideo } from './video-poll.js';

/** Asks Gemini for the state of a job. Rejects with the SDK's errors. */
type JobPoll = (
  ai: GoogleGenAI,
  job: TrackedJob,
  options: RequestOptions,
  belongsToOther: BelongsToOther,
) => Promise<JobState>;

const POLLS: Readonly<Record<GeminiResourceKind, JobPoll>> = {
  batch: pollBatch,
  video: pollVideo,
  interaction: pollInteraction,
};

/** Polls a job with the request for its kind. */
export const pollJob: JobPoll = (ai, job, options, belongsToOther) => POLLS[job.kind](ai, job, options, belongsToOther);
