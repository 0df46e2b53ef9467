import type { BatchMethod } from './batch-responder.js';
import type { BatchCounts } from './batch-output.js';
import type { JsonObject } from './request-fields.js';
import type { SimulatedJob } from './simulated-job.js';

/** Request of a batch. */
export interface BatchRequest {
  readonly model: string;
  readonly method: BatchMethod;
  readonly displayName: string | undefined;
  readonly input: { readonly fileName: string } | { readonly requests: readonly JsonObject[] };
}

/** Result of a batch: `output` as in its metadata, `error` if it failed. */
export interface BatchResult {
  readonly counts?: BatchCounts;
  readonly output?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Batch of the simulated API. */
export type Batch = SimulatedJob<BatchRequest, BatchResult>;

/** Returns a batch as an operation, like the API: the SDK reads only `metadata`. */
export function operationOf(batch: Batch, now: number): JsonObject {
  const { name, request, startedAt, runsAt, ended, statusOverride } = batch;
  const realState = `BATCH_STATE_${(ended?.end ?? (now < runsAt ? 'pending' : 'running')).toUpperCase()}`;
  const updatedAt = ended?.at ?? (now < runsAt ? startedAt : runsAt);
  return {
    name,
    metadata: {
      '@type': `type.googleapis.com/google.ai.generativelanguage.v1main.${TYPES[request.method]}`,
      name,
      model: request.model,
      displayName: request.displayName,
      state: ended === undefined ? (statusOverride ?? realState) : realState,
      createTime: timestamp(startedAt),
      updateTime: timestamp(updatedAt),
      endTime: ended && timestamp(ended.at),
      batchStats: statsOf(ended?.result.counts),
      output: ended?.result.output,
    },
    ...(ended && { done: true, error: ended.result.error, response: ended.result.output }),
  };
}

const TYPES: Readonly<Record<BatchMethod, string>> = {
  batchGenerateContent: 'GenerateContentBatch',
  asyncBatchEmbedContent: 'EmbedContentBatch',
};

function statsOf(counts: BatchCounts | undefined): JsonObject | undefined {
  if (counts === undefined) return undefined;
  return {
    requestCount: String(counts.requests),
    successfulRequestCount: String(counts.requests - counts.failed),
    failedRequestCount: String(counts.failed),
  };
}

function timestamp(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
