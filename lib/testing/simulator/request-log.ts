import type { CompletedCall } from './api-server.js';
import { BoundedLog } from './bounded-log.js';

const LIMIT = 100_000;

/** Completed API call. */
export interface SimulatedRequest {
  /** Name of the call in the SDK: `batches.get`. `jwks` is the key set, `unknown` any other path. */
  readonly operation: string;
  /** Resource of the call: `batches/…`, or the id of an interaction, a video or a webhook. */
  readonly name?: string;
  /** HTTP status; 0 if a fault closed the connection. */
  readonly status: number;
  /** Unix milliseconds of the simulator's clock. */
  readonly at: number;
}

/** Last calls, and the number of all calls by operation and resource. */
export class RequestLog {
  readonly #log = new BoundedLog<SimulatedRequest>(LIMIT);
  readonly #counts = new Map<string, number>();

  get entries(): readonly SimulatedRequest[] {
    return this.#log.entries;
  }

  add(call: CompletedCall, at: number): SimulatedRequest {
    const { operation, status } = call;
    const name = nameInResponse(call.json) ?? nameInPath(call.path);
    const request = { operation, ...(name !== undefined && { name }), status, at };
    this.#log.add(request);
    this.#count(operation);
    if (name !== undefined) this.#count(`${operation} ${name}`);
    return request;
  }

  countOf(operation: string, name?: string): number {
    return this.#counts.get(name === undefined ? operation : `${operation} ${shortOf(name)}`) ?? 0;
  }

  #count(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

/** Prefers `id`: the `name` of a webhook is a display name. */
function nameInResponse(json: unknown): string | undefined {
  const { id, name, file } = (json ?? {}) as { id?: unknown; name?: unknown; file?: { name?: unknown } };
  return [id, name, file?.name].find((value) => typeof value === 'string');
}

function nameInPath(path: string): string | undefined {
  const resource = /^\/v1(?:alpha|beta)?\/([^/:]+\/[^:]+)/.exec(path)?.[1];
  return resource === undefined ? undefined : shortOf(resource);
}

/** Interactions and webhooks are identified by their id alone. */
function shortOf(name: string): string {
  return name.replace(/^(?:interactions|webhooks)\//, '');
}
