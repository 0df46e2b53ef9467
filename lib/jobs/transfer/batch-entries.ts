import type { BatchJob, GoogleGenAI } from '@google/genai';
import { isObject } from '../../shared/is-object.js';
import { labelsOf, type BatchEntry, type BatchResultError, type BatchResultLabels } from './batch-entry.js';
import { batchOutput, type BatchOutput } from './batch-output.js';
import { fileUrl } from './file-url.js';
import { geminiHttp } from '../gemini-http.js';
import { JsonLines, type JsonLine } from './json-lines.js';
import { ResumableDownload, type TransferOptions } from './resumable-download.js';

const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NO_LINES = /^text\/html\b/i;

/** A result that could not be read, or that is empty. */
export type UnreadableResult = BatchResultLabels & { readonly error: BatchResultError };

/** Converts an entry to a result; `undefined` if the entry is empty. */
export type EntryReader<Result> = (entry: BatchEntry, index: number) => Result | undefined;

/**
 * Reads a batch's output entry by entry, as a stream. Memory is bounded by the longest line, and a line by 64 MiB.
 *
 * @param reader returns what converts each entry
 * @param check throws for an output that must not be read
 */
export async function* batchEntries<Result>(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  options: TransferOptions,
  reader: () => EntryReader<Result> | Promise<EntryReader<Result>>,
  missing: string,
  check: (output: BatchOutput) => void = () => undefined,
): AsyncGenerator<Result | UnreadableResult, void, undefined> {
  const output = await batchOutput(ai, batch, options);
  check(output);
  const read = await reader();
  if (output.fileName === undefined) {
    for (const [index, entry] of output.entries.entries()) {
      options.signal?.throwIfAborted();
      yield (isObject(entry) && read(entry, index)) || emptyResult(entry, index);
    }
    return;
  }
  const http = geminiHttp(ai);
  const lines = new JsonLines(MAX_LINE_BYTES);
  let index = 0;
  for await (const chunk of new ResumableDownload(http, fileUrl(http, output.fileName), options, NO_LINES)) {
    for (const line of lines.push(chunk)) yield resultOfLine(line, index++, read, missing);
  }
  for (const line of lines.end()) yield resultOfLine(line, index++, read, missing);
}

function resultOfLine<Result>(
  line: JsonLine,
  index: number,
  read: EntryReader<Result>,
  missing: string,
): Result | UnreadableResult {
  if (line.problem !== undefined) return unreadable({ index }, line.line, line.problem);
  if (!isObject(line.value)) return unreadable({ index }, line.line, 'is not an object');
  return read(line.value, index) ?? unreadable(labelsOf(line.value, index), line.line, missing);
}

function unreadable(labels: BatchResultLabels, line: number, problem: string): UnreadableResult {
  return { ...labels, error: { message: `Line ${line} of the output ${problem}.`, line } };
}

function emptyResult(entry: unknown, index: number): UnreadableResult {
  return { ...(isObject(entry) ? labelsOf(entry, index) : { index }), error: { message: 'Gemini gave no reason.' } };
}
