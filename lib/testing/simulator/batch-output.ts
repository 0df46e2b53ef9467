import type { Readable } from 'node:stream';
import type { FileStore, StoredFile } from './file-store.js';
import { requiredObject, type JsonObject } from './request-fields.js';
import { answered } from './simulated-answer.js';
import { ApiError } from './simulated-api.js';

/** Lines are handed on in pieces of about this size: a write for each line would take longer than the lines do. */
const WRITE_CHARACTERS = 64 * 1024;

/** How many requests a batch had, and how many of them failed. */
export interface BatchCounts {
  readonly requests: number;
  readonly failed: number;
}

/** A request of an inline batch, answered. Its `metadata` comes back with the answer. */
export function inlineAnswer(inlined: JsonObject, model: string): JsonObject {
  const answer = answered(requiredObject(inlined['request'], 'request'), model);
  return inlined['metadata'] === undefined ? answer : { ...answer, metadata: inlined['metadata'] };
}

/**
 * Answers a file of requests, a line each, with a file of answers: line by line in the same order, at constant memory.
 *
 * @throws ApiError 403 when the input file is gone
 */
export async function writeAnswers(
  files: FileStore,
  input: string,
  output: { readonly name: string; readonly model: string },
): Promise<{ readonly file: StoredFile; readonly counts: BatchCounts }> {
  const counts = { requests: 0, failed: 0 };
  const file = await files.write(answerLines(files, input, output.model, counts), {
    name: output.name,
    mimeType: 'application/jsonl',
    source: 'GENERATED',
  });
  return { file, counts };
}

async function* answerLines(
  files: FileStore,
  input: string,
  model: string,
  counts: { requests: number; failed: number },
): AsyncGenerator<string> {
  let pending = '';
  for await (const line of linesOf(files.read(input))) {
    if (line.trim() === '') continue;
    const answer = answerLine(line, model);
    counts.requests += 1;
    if ('error' in answer) counts.failed += 1;
    pending += `${JSON.stringify(answer)}\n`;
    if (pending.length < WRITE_CHARACTERS) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}

/** By hand: `readline` breaks lines at U+2028 as well, which JSON may contain. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}

/** A line that is no request fails alone: the rest of its batch is answered. */
function answerLine(line: string, model: string): JsonObject {
  try {
    const { key, request } = requiredObject(JSON.parse(line), 'line');
    return { key, ...answered(requiredObject(request, 'request'), model) };
  } catch (error) {
    const message = error instanceof ApiError ? error.message : 'The line is not JSON.';
    return { error: { code: 3, message, status: 'INVALID_ARGUMENT' } };
  }
}
