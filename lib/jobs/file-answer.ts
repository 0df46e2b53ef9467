/** What the headers of an answer say about the file that it brings, or a part of it (RFC 9110, 14 and 15.3.7). */
export interface FileAnswer {
  /** Where in the file the body begins; `undefined` when that cannot be told. */
  readonly start: number | undefined;
  /** The file's whole length; `undefined` when that cannot be told. */
  readonly totalBytes: number | undefined;
  readonly etag: string | undefined;
  /** Compressed on its way: then offsets and lengths on the wire are not those of the file. */
  readonly isEncoded: boolean;
}

/** Reads the headers of a 200, 206 or 416. */
export function fileAnswerOf({ status, headers }: Pick<Response, 'status' | 'headers'>): FileAnswer {
  const isEncoded = !/^(identity)?$/i.test(headers.get('content-encoding') ?? '');
  const etag = headers.get('etag') ?? undefined;
  if (status === 200) {
    const length = isEncoded ? undefined : lengthOf(headers.get('content-length'));
    return { start: 0, totalBytes: length, etag, isEncoded };
  }
  const [, start, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  return { start: lengthOf(start), totalBytes: lengthOf(total), etag, isEncoded };
}

function lengthOf(digits: string | null | undefined): number | undefined {
  return digits && /^\d+$/.test(digits) ? Number(digits) : undefined;
}
