import type { IncomingMessage } from 'node:http';

const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'] as const;

/** Headers of a request that body parsers must not see. */
export type HiddenHeaders = { [Name in (typeof BODY_HEADERS)[number]]?: string };

/** Removes the headers that indicate a body: parsers ignore a request without them. */
export function hideBodyHeaders({ headers }: IncomingMessage): HiddenHeaders {
  const hidden: HiddenHeaders = {};
  for (const name of BODY_HEADERS) {
    const value = headers[name];
    if (value === undefined) continue;
    hidden[name] = value;
    headers[name] = undefined;
  }
  return hidden;
}

/** Restores the headers that `hideBodyHeaders` removed. */
export function restoreBodyHeaders({ headers }: IncomingMessage, hidden: HiddenHeaders | undefined): void {
  if (hidden) Object.assign(headers, hidden);
}
