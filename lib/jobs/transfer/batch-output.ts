import type { BatchJob, BatchJobDestination, GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../../errors.js';
import { pause } from '../../shared/pause.js';
import type { TransferOptions } from './resumable-download.js';

const MAX_POLLS = 6;

/** Location of a batch's results: a file, or the batch itself. */
export type BatchOutput =
  | { readonly fileName: string; readonly entries?: undefined }
  | { readonly fileName?: undefined; readonly entries: readonly unknown[]; readonly areEmbeddings: boolean };

/**
 * Finds a batch's results. They may appear shortly after the batch succeeds (seen live), so a batch without results is polled
 * up to five more times.
 *
 * @throws GeminiWebhooksError `invalid_argument` when there are none; the SDK's errors for what the API refuses
 */
export async function batchOutput(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  { signal, retryDelayMs = 500 }: TransferOptions = {},
): Promise<BatchOutput> {
  let job: BatchJob = typeof batch === 'string' ? { name: batch } : batch;
  for (let polls = 0; ; polls += 1) {
    const output = outputIn(job.dest);
    if (output) return output;
    const { name } = job;
    if (name === undefined || !mayAppear(job, polls)) throw noOutput(job);
    if (polls > 0) await pause(retryDelayMs * 2 ** (polls - 1), signal);
    signal?.throwIfAborted();
    job = await ai.batches.get({
      name: name.includes('/') ? name : `batches/${name}`,
      config: { ...(signal && { abortSignal: signal }) },
    });
  }
}

function outputIn(dest: BatchJobDestination | undefined): BatchOutput | undefined {
  const { fileName, inlinedResponses, inlinedEmbedContentResponses } = dest ?? {};
  if (fileName !== undefined) return { fileName };
  if (inlinedEmbedContentResponses?.length) return { entries: inlinedEmbedContentResponses, areEmbeddings: true };
  if (inlinedResponses?.length) return { entries: inlinedResponses, areEmbeddings: false };
  return undefined;
}

function mayAppear({ state, dest }: BatchJob, polls: number): boolean {
  if (elsewhere(dest) !== undefined) return false;
  return polls === 0 || (hasSucceeded(state) && polls < MAX_POLLS);
}

/** The SDK does not convert `BATCH_STATE_PARTIALLY_SUCCEEDED`. */
function hasSucceeded(state: string | undefined): boolean {
  return /^(?:JOB|BATCH)_STATE_(?:PARTIALLY_)?SUCCEEDED$/.test(state ?? '');
}

function elsewhere(dest: BatchJobDestination | undefined): string | undefined {
  return dest?.gcsUri ?? dest?.bigqueryUri;
}

function noOutput({ name = 'without a name', state, dest }: BatchJob): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs: batch ${name} has ${whyNone(state, dest)}`);
}

function whyNone(state: string | undefined, dest: BatchJobDestination | undefined): string {
  const place = elsewhere(dest);
  if (place !== undefined) return `its results as ${place}, which GeminiJobs does not support.`;
  if (!hasSucceeded(state)) return `no results: its state is ${state ?? 'unknown'}.`;
  return (
    `no results: its state is ${state}, but Gemini returns neither a file nor inline responses. ` +
    'It no longer returns very large inline responses: start such a batch from a file (batchInput).'
  );
}
