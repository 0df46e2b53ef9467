import type { IncomingHttpHeaders } from 'node:http';

/** Request to verify, independent of the HTTP server. */
export interface DeliveryRequest {
  /** Names in lower case; repeated webhook headers as lists. */
  readonly headers: IncomingHttpHeaders;
  /** Raw body. */
  readonly body: Buffer;
  /** URL as received, with its query. */
  readonly url: string;
  /** Parameters of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** Path of the built-in route (`gemini/webhooks`); absent for a custom route. */
  readonly path?: string | undefined;
}

/** Maximum length of a path in a log line: senders choose the route parameters. */
const MAX_PATH_LENGTH = 200;

/** Returns the path of a request's URL for a log line, without the query, which may hold a binding token. */
export function pathOf(url: string): string {
  const path = requestPath(url);
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
}

/** Returns the path of a request target, which may be in absolute form (`http://host/path`, RFC 9112, 3.2.2). */
export function requestPath(target: string): string {
  const local = target.startsWith('/') ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  const end = local.search(/[?#]/);
  return (end === -1 ? local : local.slice(0, end)) || '/';
}
