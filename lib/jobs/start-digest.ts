import { createHash, type Hash } from 'node:crypto';
import type { JobPlan } from './job-starter.js';

/** Returns a hash of a job's parameters. The order of their fields does not matter. */
export function digestOf({ kind, given, params = {} }: Pick<JobPlan, 'kind' | 'given' | 'params'>): string {
  const hash = createHash('sha256');
  add(hash, [kind, params, given]);
  return hash.digest('base64url');
}

function add(hash: Hash, value: unknown): void {
  if (value instanceof Uint8Array) {
    hash.update(`bytes ${value.byteLength}:`).update(value);
  } else if (Array.isArray(value)) {
    hash.update(`list ${value.length}:`);
    for (const item of value) add(hash, item);
  } else if (typeof value === 'object' && value !== null) {
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') return add(hash, (toJSON as () => unknown).call(value));
    const fields = Object.entries(value).filter(([name, field]) => isPart(name, field));
    hash.update(`object ${fields.length}:`);
    for (const [name, field] of fields.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      add(hash, name);
      add(hash, field);
    }
  } else {
    const text = String(value);
    hash.update(`${typeof value} ${text.length}:`).update(text);
  }
}

/** Fields that say how a request is sent. */
const TRANSPORT: ReadonlySet<string> = new Set(['httpOptions', 'abortSignal']);

/**
 * Two calls for the same job may differ in how the request is sent, but not in what it requests. A signal is recognised by
 * its class, because the caller's metadata may have a field of that name.
 */
function isPart(name: string, field: unknown): boolean {
  return field !== undefined && typeof field !== 'function' && !TRANSPORT.has(name) && !(field instanceof AbortSignal);
}
