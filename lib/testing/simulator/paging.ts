import { invalidArgument } from './request-fields.js';

/** Page of a list, with the token of the next page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string | undefined;
}

/**
 * Google's paging: `pageSize` and `pageToken` in the query, newest first. A token stays valid while items are added and
 * deleted, because it contains the sequence number of the last item.
 *
 * @param items in the order of creation
 * @throws ApiError `INVALID_ARGUMENT` for an invalid size or token
 */
export function pageOf<Item extends { readonly sequence: number }>(
  items: Iterable<Item>,
  query: URLSearchParams,
  limits: { readonly defaultSize: number; readonly maxSize: number },
): Page<Item> {
  const size = sizeIn(query, limits);
  const before = tokenIn(query);
  const rest = [...items].filter(({ sequence }) => sequence < before).toReversed();
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return {
    items: page,
    nextPageToken: last !== undefined && rest.length > size ? tokenOf(last.sequence) : undefined,
  };
}

function sizeIn(query: URLSearchParams, limits: { readonly defaultSize: number; readonly maxSize: number }): number {
  const requested = Number(query.get('pageSize') ?? 0);
  if (!Number.isSafeInteger(requested) || requested < 0) throw invalidArgument('page_size must not be negative');
  return requested === 0 ? limits.defaultSize : Math.min(requested, limits.maxSize);
}

function tokenIn(query: URLSearchParams): number {
  const token = query.get('pageToken') ?? '';
  if (token === '') return Infinity;
  const sequence = Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isSafeInteger(sequence) || tokenOf(sequence) !== token) throw invalidArgument('Invalid page_token');
  return sequence;
}

function tokenOf(sequence: number): string {
  return Buffer.from(String(sequence)).toString('base64url');
}
