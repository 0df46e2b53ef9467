import { pathToRegexp } from 'path-to-regexp';
import type { GeminiWebhooksConfig } from './gemini-webhooks.config.js';

/** Routes of a module instance in this process. Full paths in Nest's syntax. */
export interface ServedPaths {
  /** Paths of the built-in route and of custom ones. Empty in a worker, which receives no deliveries. */
  readonly all: readonly string[];
  /** Path of the built-in route. */
  readonly mounted: string | undefined;
}

/** Returns warnings about URLs that Gemini delivers to and whose path no route of the module instance has. */
export function unservedUrlWarnings(
  { name, publicUrl, endpoint, gemini, jobs }: GeminiWebhooksConfig,
  { all: paths, mounted }: ServedPaths,
): string[] {
  if (paths.length === 0) return [];
  const routes = `${paths.length === 1 ? 'the route is' : 'the routes are'} ${paths.join(', ')}`;
  const where = name === 'default' ? '' : ` (module instance "${name}")`;
  const isOrigin = publicUrl?.pathname === '/';
  if (isOrigin && mounted === undefined && gemini && jobs.webhooks !== 'never') {
    return [
      `Each start of a job${where} without a uri is refused: publicUrl (GEMINI_WEBHOOK_PUBLIC_URL) is an origin, and this process has no built-in route. ` +
        `Give the full URL: ${routes}.`,
    ];
  }
  const full = isOrigin ? undefined : publicUrl?.pathname;
  const given = { 'publicUrl (GEMINI_WEBHOOK_PUBLIC_URL)': full, 'endpoint.uri': pathOfUri(endpoint) };
  return Object.entries(given)
    .filter(([, path]) => path !== undefined && !paths.some((route) => receives(route, path)))
    .map(
      ([option, path]) =>
        `${option} has the path ${path}, and ${routes}${where}: unless a proxy rewrites the path, deliveries get 404. ` +
        'Give the origin only, or the path of the route, with its global prefix.',
    );
}

function pathOfUri(endpoint: GeminiWebhooksConfig['endpoint']): string | undefined {
  const uri = endpoint ? endpoint.uri : undefined;
  return uri !== undefined && URL.canParse(uri) ? new URL(uri).pathname : undefined;
}

/** True if a route receives what is sent to a path, also below a prefix, which a proxy may strip. */
function receives(route: string, path: string): boolean {
  const segments = path.slice(1).split('/');
  return segments.some((_segment, index) => serves(route, `/${segments.slice(index).join('/')}`));
}

/** Also true for a route whose syntax is unknown. Express compares the path as sent, Fastify the decoded one. */
function serves(route: string, path: string): boolean {
  try {
    const { regexp } = pathToRegexp(route);
    return regexp.test(path) || regexp.test(decoded(path));
  } catch {
    return true;
  }
}

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
