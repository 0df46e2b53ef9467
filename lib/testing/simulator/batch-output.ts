import type { Readable } from 'node:stream';
import type { BatchResponder } from './batch-responder.js';
import type { FileStore, StoredFile } from './file-store.js';
import { requiredObject, type JsonObject } from './request-fields.js';
import { ApiError } from './simulated-api.js';

/** Minimum number of characters per write: one write per line would take longer than producing the lines. */
const WRITE_CHARACTERS = 64 * 1024;

/** Number of requests of a batch, and how many of them failed. */
export interface BatchCounts {
  readonly requests: number;
  readonly failed: number;
}

/** Responds to a request of an inline batch. The result repeats the `metadata` of the request. */
export function inlinedResponse(inlined: JsonObject, responder: BatchResponder): JsonObject {
  const result = responder.respond(requiredObject(inlined['request'], 'request'));
  return inlined['metadata'] === undefined ? result : { ...result, metadata: inlined['metadata'] };
}

/**
 * Writes the results of a file of requests, in the same order and in constant memory. Both files have one JSON object per
 * line.
 *
 * @throws ApiError 403 if the input file does not exist any more
 */
export async function writeOutput(
  files: FileStore,
  input: string,
  output: { readonly name: string; readonly responder: BatchResponder },
): Promise<{ readonly file: StoredFile; readonly counts: BatchCounts }> {
  const counts = { requests: 0, failed: 0 };
  const file = await files.write(outputLines(files, input, output.responder, counts), {
    name: output.name,
    mimeType: 'application/jsonl',
    source: 'GENERATED',
  });
  return { file, counts };
}

async function* outputLines(
  files: FileStore,
  input: string,
  responder: BatchResponder,
  counts: { requests: number; failed: number },
): AsyncGenerator<string> {
  let pending = '';
  for await (const line of linesOf(files.read(input))) {
    if (line.trim() === '') continue;
    const result = outputLine(line, responder);
    counts.requests += 1;
    if ('error' in result) counts.failed += 1;
    pending += `${JSON.stringify(result)}\n`;
    if (pending.length < WRITE_CHARACTERS) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}

/** `readline` would also split at U+2028, which JSON may contain. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}

/** Returns an error, with the key if there is one, for an invalid line: the rest of the batch must not fail. */
function outputLine(line: string, responder: BatchResponder): JsonObject {
  let key: unknown;
  try {
    const fields = requiredObject(JSON.parse(line), 'line');
    key = fields['key'];
    return { key, ...responder.respond(requiredObject(fields['request'], 'request')) };
  } catch (error) {
    const message = error instanceof ApiError ? error.message : 'The line is not JSON.';
    return { key, error: { code: 3, message, status: 'INVALID_ARGUMENT' } };
  }
}
