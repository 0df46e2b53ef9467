import type { GoogleGenAI } from '@google/genai';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { TrackedJob } from '../inbox/job-tracker.js';
import { lookUpBatch } from './batch-lookup.js';
import type { QuestionOptions } from './gemini-api.js';
import { lookUpInteraction } from './interaction-lookup.js';
import type { JobState } from './job-state.js';
import { lookUpVideo } from './video-lookup.js';

/** Asks Gemini for the state of a job. Rejects as the SDK does. */
type JobLookup = (ai: GoogleGenAI, job: TrackedJob, options: QuestionOptions) => Promise<JobState>;

const LOOKUPS: Readonly<Record<GeminiResourceKind, JobLookup>> = {
  batch: lookUpBatch,
  video: lookUpVideo,
  interaction: lookUpInteraction,
};

/** Asks Gemini for the state of a job, by the request that its kind needs. */
export const lookUpJob: JobLookup = (ai, job, options) => LOOKUPS[job.kind](ai, job, options);
