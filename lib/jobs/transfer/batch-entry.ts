import { isObject } from '../../shared/is-object.js';

/** Error of a request of a batch. */
export interface BatchResultError {
  /** Google's error code (`google.rpc.Code`), if Gemini returns one. */
  readonly code?: number;
  readonly message: string;
  /** Details as Gemini returns them. */
  readonly details?: readonly unknown[];
  /** Set when this line of the output file could not be read. Counted from 1. */
  readonly line?: number;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What identifies a result of a batch. */
export interface BatchResultLabels {
  /** Key of the request, if it had one: `key` of a line, or `key` of the metadata. */
  readonly key?: string;
  /** Index in the output, from 0. Gemini may change the order of the requests: rely on keys or metadata. */
  readonly index: number;
  /** Metadata of the request. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Other fields of the line or the inline entry, such as your own `id`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A line of an output file, or an inline entry: any object. */
export type BatchEntry = Readonly<Record<string, unknown>>;

/**
 * Returns an entry's key, metadata and unknown fields. A key that is neither a string nor a number is one of the fields. The
 * object is new, so that the caller can add the result without a copy.
 */
export function labelsOf(entry: BatchEntry, index: number): BatchResultLabels {
  const metadata = isObject(entry['metadata']) ? entry['metadata'] : undefined;
  const key = keyOf(entry['key']) ?? keyOf(metadata?.['key']);
  const labels: Writable<BatchResultLabels> = key === undefined ? { index } : { key, index };
  if (metadata) labels.metadata = metadata;
  for (const name in entry) if (!isKnown(name, entry[name])) return Object.assign(labels, { fields: fieldsOf(entry) });
  return labels;
}

/** Returns the error of the request: its `error`, or its `status` as in Google's documentation. Code 0 is success. */
export function failureOf({ error, status }: BatchEntry): BatchResultError | undefined {
  if (error === undefined && status === undefined) return undefined;
  if (typeof error === 'string' && error !== '') return { message: error };
  return errorOf(error) ?? errorOf(status);
}

function errorOf(error: unknown): BatchResultError | undefined {
  if (!isObject(error)) return undefined;
  const { code, message, details } = error;
  const isEmpty = code === undefined && !message && !details;
  if (isEmpty || Number(code ?? 1) === 0) return undefined;
  return {
    ...(typeof code === 'number' && { code }),
    message: typeof message === 'string' && message !== '' ? message : 'Gemini gave no reason.',
    ...(Array.isArray(details) && { details }),
  };
}

function keyOf(key: unknown): string | undefined {
  if (typeof key === 'string') return key;
  return typeof key === 'number' ? String(key) : undefined;
}

function fieldsOf(entry: BatchEntry): BatchEntry {
  return Object.fromEntries(Object.entries(entry).filter(([name, value]) => !isKnown(name, value)));
}

function isKnown(name: string, value: unknown): boolean {
  switch (name) {
    case 'response':
    case 'error':
      return true;
    case 'status':
      return typeof value === 'object';
    case 'key':
      return keyOf(value) !== undefined;
    case 'metadata':
      return isObject(value);
    default:
      return false;
  }
}
