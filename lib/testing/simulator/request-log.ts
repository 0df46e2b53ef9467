import type { AnsweredCall } from './api-server.js';
import { BoundedLog } from './bounded-log.js';

const LIMIT = 100_000;

/** One call of the API, answered. */
export interface SimulatedRequest {
  /** As the SDK calls it: `batches.get`. `jwks` is the key set, `unknown` what the simulator does not have. */
  readonly operation: string;
  /** The resource that the call was about, or that it made: `batches/…`, `models/…/operations/…`, a webhook's id. */
  readonly name?: string;
  /** The HTTP status; 0 when a fault cut the connection. */
  readonly status: number;
  /** Unix milliseconds of the simulator's clock. */
  readonly at: number;
}

/** The last calls, and how many there were of each kind and about each resource. */
export class RequestLog {
  readonly #log = new BoundedLog<SimulatedRequest>(LIMIT);
  readonly #counts = new Map<string, number>();

  get entries(): readonly SimulatedRequest[] {
    return this.#log.entries;
  }

  add(call: AnsweredCall, at: number): SimulatedRequest {
    const { operation, status } = call;
    const name = nameMade(call.json) ?? nameIn(call.path);
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

/** Interactions and webhooks have an id; in a webhook, `name` is what its owner calls it. */
function nameMade(json: unknown): string | undefined {
  const { id, name, file } = (json ?? {}) as { id?: unknown; name?: unknown; file?: { name?: unknown } };
  return [id, name, file?.name].find((one) => typeof one === 'string');
}

function nameIn(path: string): string | undefined {
  const resource = /^\/v1(?:alpha|beta)?\/([^/:]+\/[^:]+)/.exec(path)?.[1];
  return resource === undefined ? undefined : shortOf(resource);
}

/** The newer resources are known by their id alone. */
function shortOf(name: string): string {
  return name.replace(/^(?:interactions|webhooks)\//, '');
}
