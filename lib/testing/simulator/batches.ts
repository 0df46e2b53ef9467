import { randomBytes } from 'node:crypto';
import { apiPath } from './api-path.js';
import { inlineAnswer, writeAnswers, type BatchCounts } from './batch-output.js';
import type { FileStore } from './file-store.js';
import { pageOf } from './paging.js';
import {
  invalidArgument,
  listOf,
  optionalObject,
  optionalString,
  requiredObject,
  webhookIn,
  type JsonObject,
} from './request-fields.js';
import type { ApiRequest, JobEnd, SimulatedResource, SimulatorContext } from './simulated-api.js';
import { SimulatedJobs, type JobOutcome, type SimulatedJob } from './simulated-job.js';

const FAILURE = { code: 13, message: 'Simulated failure of the batch.' };

interface BatchRequest {
  readonly model: string;
  readonly displayName: string | undefined;
  readonly input: { readonly fileName: string } | { readonly requests: readonly JsonObject[] };
}

/** `output` as in the batch's metadata; `error` of one that failed. */
interface BatchResult {
  readonly counts?: BatchCounts;
  readonly output?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string };
}

type Batch = SimulatedJob<BatchRequest, BatchResult>;

/**
 * `ai.batches`, inline and from a file. A request whose text contains `[fail]` fails and the rest of its batch does not.
 * Events as wire.md has them: `data.id` is the batch's short id, `output_file_uri` is of file-input batches only.
 */
export function batchesResource(context: SimulatorContext, files: FileStore): SimulatedResource {
  const batches = new SimulatedJobs<BatchRequest, BatchResult>(context, 'batch', {
    conclude: (batch, end) => concluded(batch, end, files),
    announce: (batch, outcome) => {
      const data = { id: idOf(batch.name), ...announced(outcome) };
      const event = { type: `batch.${outcome.end}`, data };
      context.emit(event, { kind: 'batch', name: batch.name }, batch.webhook);
    },
  });
  return {
    finish: (name, end) => batches.finish(name, end),
    routes: [
      {
        method: 'POST',
        path: apiPath('(models/[^/:]+):batchGenerateContent'),
        operation: 'batches.create',
        handle: async (request) => ({ json: shown(batches.start(await newBatch(request, files))) }),
      },
      {
        method: 'GET',
        path: apiPath('batches'),
        operation: 'batches.list',
        handle: ({ query }) => {
          const { items, nextPageToken } = pageOf(batches.list(), query, { defaultSize: 10, maximumSize: 100 });
          return { json: { operations: items.map(shown), nextPageToken } };
        },
      },
      {
        method: 'GET',
        path: apiPath('batches/([^/:]+)'),
        operation: 'batches.get',
        handle: async (request) => ({ json: shown(await batches.get(nameIn(request))) }),
      },
      {
        method: 'POST',
        path: apiPath('batches/([^/:]+):cancel'),
        operation: 'batches.cancel',
        handle: async (request) => {
          const { name } = await batches.get(nameIn(request));
          batches.finish(name, 'cancelled');
          return { json: {} };
        },
      },
      {
        method: 'DELETE',
        path: apiPath('batches/([^/:]+)'),
        operation: 'batches.delete',
        handle: async (request) => {
          await batches.delete(nameIn(request));
          return { json: {} };
        },
      },
    ],
  };

  function shown(batch: Batch): JsonObject {
    return operationOf(batch, context.clock.now());
  }
}

async function newBatch(request: ApiRequest, files: FileStore) {
  const body = requiredObject(await request.json(), 'body');
  const batch = requiredObject(body['batch'], 'batch');
  return {
    name: `batches/${randomBytes(18).toString('hex')}`,
    webhook: webhookIn(batch['webhookConfig']),
    request: {
      model: request.params[0] ?? '',
      displayName: optionalString(batch['displayName'], 'batch.displayName'),
      input: inputIn(requiredObject(batch['inputConfig'], 'batch.inputConfig'), files),
    },
  };
}

function inputIn(config: JsonObject, files: FileStore): BatchRequest['input'] {
  const fileName = optionalString(config['fileName'], 'inputConfig.fileName');
  if (fileName !== undefined) return { fileName: files.get(fileName).name };
  const requests = listOf(optionalObject(config['requests'], 'inputConfig.requests')?.['requests'], 'requests');
  if (requests.length === 0) throw invalidArgument('A batch has at least one request.');
  return { requests: requests.map((one) => requiredRequest(one)) };
}

function requiredRequest(inlined: unknown): JsonObject {
  const fields = requiredObject(inlined, 'requests[]');
  requiredObject(fields['request'], 'requests[].request');
  return fields;
}

function concluded(
  { name, request: { input, model } }: Batch,
  end: JobEnd,
  files: FileStore,
): JobOutcome<BatchResult> | Promise<JobOutcome<BatchResult>> {
  if (end === 'failed') return { end, result: { error: FAILURE } };
  if (end !== 'succeeded') return { end, result: {} };
  if ('requests' in input) return { end, result: inlineResult(input.requests, model) };
  const output = { name: `files/batch-${idOf(name)}`, model };
  return writeAnswers(files, input.fileName, output).then(
    ({ file, counts }) => ({ end, result: { counts, output: { responsesFile: file.name } } }),
    (error: Error) => ({ end: 'failed', result: { error: { code: 9, message: error.message } } }),
  );
}

function inlineResult(requests: readonly JsonObject[], model: string): BatchResult {
  const inlinedResponses = requests.map((request) => inlineAnswer(request, model));
  const failed = inlinedResponses.filter((answer) => 'error' in answer).length;
  return { counts: { requests: requests.length, failed }, output: { inlinedResponses: { inlinedResponses } } };
}

function announced({ result: { output, error } }: JobOutcome<BatchResult>): JsonObject {
  if (error !== undefined) return { error_code: String(error.code), error_message: error.message };
  const file = output?.['responsesFile'];
  return file === undefined ? {} : { output_file_uri: file };
}

/** A batch as an operation, which is how the API answers: the SDK reads `metadata` only. */
function operationOf(batch: Batch, now: number): JsonObject {
  const { name, request, startedAt, runsAt, ended } = batch;
  const state = ended?.end ?? (now < runsAt ? 'pending' : 'running');
  const updatedAt = ended?.at ?? (now < runsAt ? startedAt : runsAt);
  return {
    name,
    metadata: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
      name,
      model: request.model,
      displayName: request.displayName,
      state: `BATCH_STATE_${state.toUpperCase()}`,
      createTime: timestamp(startedAt),
      updateTime: timestamp(updatedAt),
      endTime: ended && timestamp(ended.at),
      batchStats: statsOf(ended?.result.counts),
      output: ended?.result.output,
    },
    ...(ended && { done: true, error: ended.result.error, response: ended.result.output }),
  };
}

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

function nameIn({ params }: ApiRequest): string {
  return `batches/${params[0] ?? ''}`;
}

function idOf(name: string): string {
  return name.slice('batches/'.length);
}
