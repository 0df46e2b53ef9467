/** Advice for a URL whose user name or password is not percent-encoded. */
export const ENCODE_CREDENTIALS =
  'Percent-encode them, as encodeURIComponent() does: # is %23, / is %2F, ? is %3F, @ is %40, % is %25.';

/**
 * True if the user name or password of a store's URL contains a character that ends it early (`#`, `/`, `?`), or a `%` that
 * ioredis cannot decode. Drivers would parse the rest as a path and the part before it as a host. An `@` is allowed: both
 * drivers split at the last one.
 */
export function hasUnencodedCredentials(url: string): boolean {
  const [, scheme, rest] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return false;
  const [beforeFragment, ...fragment] = rest.split('#');
  const [beforeQuery, ...query] = (beforeFragment as string).split('?');
  const [authority, ...path] = (beforeQuery as string).split('/');
  const isRedis = /^rediss?$/i.test(scheme);
  return (
    cutsCredentials(fragment.join('#'), query.join('?'), fragment.length > 0) ||
    isInPath(authority as string, path.join('/'), isRedis) ||
    (isRedis && !isDecodable(authority as string))
  );
}

/** A parameter's value may contain an `@`, such as `user=me@home`. */
function cutsCredentials(fragment: string, query: string, hasFragment: boolean): boolean {
  if (fragment.includes('@')) return true;
  const parameters = query.split('&');
  if (parameters.some((one) => one.includes('@') && !/^[\w.-]+=/.test(one))) return true;
  return hasFragment && parameters.some((one) => one.startsWith('password='));
}

/** A Redis path is a number. A PostgreSQL database name may contain an `@`, but hardly one followed by a host and a path. */
function isInPath(authority: string, path: string, isRedis: boolean): boolean {
  const at = path.lastIndexOf('@');
  if (at === -1) return false;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return isRedis || /[:/]/.test(path.slice(at)) || /:(?!\d*$)/.test(host);
}

function isDecodable(authority: string): boolean {
  try {
    decodeURIComponent(authority.slice(0, authority.lastIndexOf('@') + 1));
    return true;
  } catch {
    return false;
  }
}
