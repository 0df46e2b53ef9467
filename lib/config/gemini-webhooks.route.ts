import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksRouteOptions } from './gemini-webhooks.options.js';
import { DEFAULT_NAME } from '../gemini-webhooks.tokens.js';

/** Checked route options of a module instance. */
export interface GeminiWebhooksRoute {
  readonly registration: string;
  /** Without leading and trailing slashes. Segments may be parameters. */
  readonly path: string;
  /** True if the module mounts the route. */
  readonly controller: boolean;
  readonly decorators: readonly ClassDecorator[];
  /** True if every module can inject the exports. */
  readonly global: boolean;
}

/** Names of the route options. */
export const ROUTE_OPTION_NAMES: ReadonlySet<string> = new Set([
  'name',
  'path',
  'controller',
  'decorators',
  'global',
] satisfies (keyof GeminiWebhooksRouteOptions)[]);

const DEFAULT_PATH = 'gemini/webhooks';

/**
 * Checks the route options of a module instance.
 *
 * @throws GeminiWebhooksError `invalid_option`
 */
export function geminiWebhooksRoute(
  options: GeminiWebhooksRouteOptions,
  environmentPath?: string,
): GeminiWebhooksRoute {
  const { name = DEFAULT_NAME, controller = true, decorators = [], global = true } = options;
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
    invalid('name', name, 'Give 1 to 64 letters, digits, ".", "_" or "-".');
  }
  for (const [option, flag] of Object.entries({ controller, global })) {
    if (typeof flag !== 'boolean') invalid(option, flag, 'Give true or false.');
  }
  if (!Array.isArray(decorators) || decorators.some((one) => typeof one !== 'function')) {
    invalid('decorators', decorators, 'Give a list of class decorators: [Public(), SkipThrottle()].');
  }
  return {
    registration: name,
    path: checkedPath(options.path ?? (environmentPath || DEFAULT_PATH)),
    controller,
    decorators,
    global,
  };
}

function checkedPath(given: unknown): string {
  const path = typeof given === 'string' ? given.replace(/^\/+|\/+$/g, '') : '';
  const segments = path.split('/');
  if (!segments.every((segment) => /^(:[A-Za-z_]\w*|[\w.~!$&'()+,;=@%-]+)$/.test(segment))) {
    invalid('path', given, 'Give segments of URL-safe characters or parameters: "gemini/webhooks", "gemini/:project".');
  }
  return path;
}

function invalid(option: string, given: unknown, todo: string): never {
  const shown =
    typeof given === 'string'
      ? JSON.stringify(given)
      : Array.isArray(given)
        ? 'a list of something else'
        : String(given);
  throw new GeminiWebhooksError('invalid_option', `GeminiWebhooksModule: ${option}: got ${shown}. ${todo}`);
}

/**
 * Returns a path with its parameters filled in.
 *
 * @throws GeminiWebhooksError `invalid_argument` if a parameter is missing, or is not part of the path
 */
export function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  const segments = path.split('/');
  const unknown = Object.keys(params).find((name) => !segments.includes(`:${name}`));
  if (unknown !== undefined) throw invalidParams(`The route ${path} has no parameter "${unknown}".`);
  return segments
    .map((segment) => (segment.startsWith(':') ? fillSegment(path, segment.slice(1), params) : segment))
    .join('/');
}

function fillSegment(path: string, name: string, params: Readonly<Record<string, string>>): string {
  const value = params[name];
  // A URL parser would resolve "." and "..".
  if (typeof value === 'string' && !/^\.{0,2}$/.test(value)) return encodeURIComponent(value);
  throw invalidParams(`The route ${path} needs params.${name}, which must not be empty, "." or "..".`);
}

function invalidParams(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', message);
}
