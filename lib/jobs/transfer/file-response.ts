/** The file, or a part of it, as a response's headers describe it (RFC 9110, 14 and 15.3.7). */
export interface FileResponse {
  /** Offset in the file at which the body begins; `undefined` if unknown. */
  readonly start: number | undefined;
  /** Length of the whole file; `undefined` if unknown. */
  readonly totalBytes: number | undefined;
  readonly etag: string | undefined;
  /** True if the transfer is compressed: offsets and lengths on the wire then differ from those of the file. */
  readonly isEncoded: boolean;
}

/** Reads the headers of a 200, 206 or 416. */
export function fileResponseOf({ status, headers }: Pick<Response, 'status' | 'headers'>): FileResponse {
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
