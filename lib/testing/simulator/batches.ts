import { randomBytes } from 'node:crypto';
import { apiPath } from './api-path.js';
import { batchResponder, type BatchResponder, type BatchMethod } from './batch-responder.js';
import { inlinedResponse, writeOutput } from './batch-output.js';
import { operationOf, type Batch, type BatchRequest, type BatchResult } from './batch-view.js';
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
import {
  ApiError,
  type ApiRequest,
  type JobEnd,
  type SimulatedResource,
  type SimulatorContext,
} from './simulated-api.js';
import { SimulatedJobs, type JobOutcome, type NewJob } from './simulated-job.js';

const FAILURE = { code: 13, message: 'Simulated failure of the batch.' };

/**
 * `ai.batches` for prompts and embeddings, inline and from a file. A request whose text contains `[fail]` fails; the rest
 * of its batch does not. Events are those of wire.md: `data.id` is the short id of the batch, and only batches with an
 * input file have `output_file_uri`.
 */
export function batchesResource(context: SimulatorContext, files: FileStore): SimulatedResource {
  const batches = new SimulatedJobs<BatchRequest, BatchResult>(context, {
    conclude: (batch, end) => outcomeOf(batch, end, files),
    publish: (batch, outcome) => {
      const data = { id: idOf(batch.name), ...eventDataOf(outcome) };
      const event = { type: EVENTS[outcome.end] ?? `batch.${outcome.end}`, data };
      context.emit([event], { kind: 'batch', name: batch.name }, batch.webhook);
    },
    unknown: notFound,
  });
  return {
    finish: (name, end) => batches.finish(name, end),
    setStatus: (name, status) => batches.setStatus(name, status),
    routes: [
      {
        method: 'POST',
        path: apiPath('(models/[^/:]+):batchGenerateContent'),
        operation: 'batches.create',
        handle: async (request) => ({ json: await startBatch(request, 'batchGenerateContent') }),
      },
      {
        method: 'POST',
        path: apiPath('(models/[^/:]+):asyncBatchEmbedContent'),
        operation: 'batches.createEmbeddings',
        handle: async (request) => ({ json: await startBatch(request, 'asyncBatchEmbedContent') }),
      },
      {
        method: 'GET',
        path: apiPath('batches'),
        operation: 'batches.list',
        handle: ({ query }) => {
          const { items, nextPageToken } = pageOf(batches.list(), query, { defaultSize: 10, maxSize: 100 });
          return { json: { operations: items.map(view), nextPageToken } };
        },
      },
      {
        method: 'GET',
        path: apiPath('batches/([^/:]+)'),
        operation: 'batches.get',
        handle: async (request) => {
          const batch = await batches.get(nameIn(request));
          if (context.isHidden('batches.get', batch.name)) throw notFound(batch.name);
          return { json: view(batch) };
        },
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

  async function startBatch(request: ApiRequest, method: BatchMethod): Promise<JsonObject> {
    const [model = ''] = request.params;
    const json = await request.json();
    context.models.checkModel(model, method, request.version);
    return view(batches.start(newBatch(json, { model, method }, files)));
  }

  function view(batch: Batch): JsonObject {
    return operationOf(batch, context.clock.now());
  }
}

/** Event types that differ from `batch.<end>`: a partly failed batch publishes `batch.succeeded`. */
const EVENTS: Readonly<Partial<Record<JobEnd, string>>> = { partially_succeeded: 'batch.succeeded' };

function notFound(name: string): ApiError {
  return new ApiError(404, 'NOT_FOUND', `${name} is not found.`);
}

function newBatch(
  json: unknown,
  { model, method }: Pick<BatchRequest, 'model' | 'method'>,
  files: FileStore,
): NewJob<BatchRequest> {
  const body = requiredObject(json, 'body');
  const batch = requiredObject(body['batch'], 'batch');
  return {
    kind: 'batch',
    name: `batches/${randomBytes(18).toString('hex')}`,
    webhook: webhookIn(batch['webhookConfig'] ?? batch['webhook_config']),
    request: {
      model,
      method,
      displayName: optionalString(batch['displayName'], 'batch.displayName'),
      input: inputIn(requiredObject(batch['inputConfig'], 'batch.inputConfig'), files),
    },
  };
}

function inputIn(config: JsonObject, files: FileStore): BatchRequest['input'] {
  // The SDK sends `file_name` for embeddings and `fileName` for prompts (run against a loopback server).
  const fileName = optionalString(config['fileName'] ?? config['file_name'], 'inputConfig.fileName');
  if (fileName !== undefined) return { fileName: files.get(fileName).name };
  const requests = listOf(optionalObject(config['requests'], 'inputConfig.requests')?.['requests'], 'requests');
  if (requests.length === 0) throw invalidArgument('A batch has at least one request.');
  return { requests: requests.map((request) => requiredRequest(request)) };
}

function requiredRequest(inlined: unknown): JsonObject {
  const fields = requiredObject(inlined, 'requests[]');
  requiredObject(fields['request'], 'requests[].request');
  return fields;
}

function outcomeOf(
  { name, request: { input, model, method } }: Batch,
  end: JobEnd,
  files: FileStore,
): JobOutcome<BatchResult> | Promise<JobOutcome<BatchResult>> {
  if (end === 'failed') return { end, result: { error: FAILURE } };
  if (end !== 'succeeded' && end !== 'partially_succeeded') return { end, result: {} };
  const responder = batchResponder(model, method, end === 'partially_succeeded');
  if ('requests' in input) return { end, result: inlineResult(input.requests, responder) };
  const output = { name: `files/batch-${idOf(name)}`, responder };
  return writeOutput(files, input.fileName, output).then(
    ({ file, counts }) => ({ end, result: { counts, output: { responsesFile: file.name } } }),
    (error: Error) => ({ end: 'failed', result: { error: { code: 9, message: error.message } } }),
  );
}

function inlineResult(requests: readonly JsonObject[], responder: BatchResponder): BatchResult {
  const inlinedResponses = requests.map((request) => inlinedResponse(request, responder));
  const failed = inlinedResponses.filter((result) => 'error' in result).length;
  return { counts: { requests: requests.length, failed }, output: { inlinedResponses: { inlinedResponses } } };
}

function eventDataOf({ result: { output, error } }: JobOutcome<BatchResult>): JsonObject {
  if (error !== undefined) return { error_code: String(error.code), error_message: error.message };
  const file = output?.['responsesFile'];
  return file === undefined ? {} : { output_file_uri: file };
}

function nameIn({ params }: ApiRequest): string {
  return `batches/${params[0] ?? ''}`;
}

function idOf(name: string): string {
  return name.slice('batches/'.length);
}
