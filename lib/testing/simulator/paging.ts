import { invalidArgument } from './request-fields.js';

/** A page of a list, and what to ask the next one with. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string | undefined;
}

/**
 * Google's paging: `pageSize` and `pageToken` in the query, newest first. A token keeps its meaning while things are
 * added and deleted, since it names the last item seen by its place in the order of creation.
 *
 * @param items in the order of creation
 * @throws ApiError `INVALID_ARGUMENT` for a size or a token that is none
 */
export function pageOf<Item extends { readonly sequence: number }>(
  items: Iterable<Item>,
  query: URLSearchParams,
  limits: { readonly defaultSize: number; readonly maximumSize: number },
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

function sizeIn(
  query: URLSearchParams,
  limits: { readonly defaultSize: number; readonly maximumSize: number },
): number {
  const asked = Number(query.get('pageSize') ?? 0);
  if (!Number.isSafeInteger(asked) || asked < 0) throw invalidArgument('page_size must not be negative');
  return asked === 0 ? limits.defaultSize : Math.min(asked, limits.maximumSize);
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
