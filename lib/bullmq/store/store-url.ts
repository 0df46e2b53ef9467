/** The kind of store that a URL refers to, or the error in it. Contains no secrets of the URL. */
export type StoreUrl =
  | { readonly kind: 'redis' | 'postgres' }
  | { readonly fault: string; readonly todo: string; readonly kind?: undefined };

const KINDS: Readonly<Record<string, 'redis' | 'postgres'>> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'socket:': 'postgres',
};
const SCHEMES = 'Give redis://, rediss://, postgres:// or postgresql://.';
const REDIS_SOCKET = 'Give connection: new Redis({ path }) of ioredis.';
const POSTGRES_SOCKET = 'for PostgreSQL postgres://user@/database?host=/directory';

/** Checks a store's URL before the driver reads it. */
export function readStoreUrl(given: string): StoreUrl {
  const spelling = spellingFault(given);
  if (spelling) return spelling;
  const scheme = /^([a-z][a-z\d+.-]*:)(?=\/\/|\/)/i.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined) return noScheme(given);
  const kind = KINDS[scheme];
  if (/^(rediss?\+(unix|socket)|unix):$/.test(scheme))
    return { fault: `got one that begins with "${scheme}", which ioredis does not accept`, todo: REDIS_SOCKET };
  if (kind === undefined) return { fault: `got one that begins with "${scheme}"`, todo: SCHEMES };
  if (scheme !== 'socket:' && !given.slice(scheme.length).startsWith('//'))
    return { fault: `lacks a slash after "${scheme}/"`, todo: `Give ${scheme}//.` };
  return hostsFault(given, kind) ?? (kind === 'redis' ? redisUrl(given) : postgresUrl(given));
}

function spellingFault(given: string): StoreUrl | undefined {
  if (/^\s*["'`]|["'`]\s*$/.test(given))
    return { fault: 'is in quotes', todo: 'Remove them: not every .env file or secret store strips quotes.' };
  if (given.trim() !== given) {
    const where = given.trimStart() === given ? 'ends' : 'begins';
    return { fault: `${where} with white space, such as a line break`, todo: 'Remove it.' };
  }
  if (/[\t\r\n]/.test(given)) return { fault: 'contains a line break or a tab', todo: 'Remove it.' };
  return undefined;
}

function noScheme(given: string): StoreUrl {
  if (/^\/(?!\/)/.test(given)) {
    return { fault: 'is a path', todo: `For a socket of Redis g${REDIS_SOCKET.slice(1, -1)}, ${POSTGRES_SOCKET}.` };
  }
  const address = /^[\w.-]+:\d+(\/|$)/.test(given) ? ', only a host and a port' : '';
  return { fault: `has no scheme${address}`, todo: SCHEMES };
}

/** Both drivers would resolve the list as a single host name. */
function hostsFault(given: string, kind: 'redis' | 'postgres'): StoreUrl | undefined {
  const [address = '', query] = given.split('?');
  const hosts = address.slice(Math.max(address.indexOf('//') + 2, address.lastIndexOf('@') + 1)).split('/')[0] ?? '';
  const listed = new URLSearchParams(query).getAll('host').at(-1) ?? '';
  if (!/^[^,]+(,[^,]+)+$/.test(hosts) && !(kind === 'postgres' && listed.includes(','))) return undefined;
  const todo =
    kind === 'redis'
      ? 'Give connection: new Cluster([…]), or new Redis({ sentinels: […] }), of ioredis.'
      : 'pg connects to one host: give that of the primary, or of a proxy.';
  return { fault: 'names several hosts', todo };
}

function redisUrl(given: string): StoreUrl {
  if (!URL.canParse(given)) return unreadable;
  if (/^\/?\d*$/.test(new URL(given).pathname)) return { kind: 'redis' };
  return { fault: 'has a path that is not a database number', todo: 'Give one such as redis://host:6379/15.' };
}

/** pg also accepts a URL with a user but no host. */
function postgresUrl(given: string): StoreUrl {
  const parsed = [given, given.replace('@/', '@host/')].find((text) => URL.canParse(text));
  if (parsed === undefined) return unreadable;
  const timeout = new URL(parsed).searchParams.getAll('query_timeout').at(-1) ?? '0';
  if (/^\d+$/.test(timeout)) return { kind: 'postgres' };
  return { fault: 'has a query_timeout that is not a number', todo: 'Give it in milliseconds.' };
}

const unreadable: StoreUrl = {
  fault: 'cannot be read as a URL',
  todo: 'Encode user name and password with encodeURIComponent, and check host and port.',
};
