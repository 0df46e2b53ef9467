import type { InjectionToken, Type } from '@nestjs/common';

/** The name of a registration that gives itself none. */
export const DEFAULT_REGISTRATION = 'default';

/** The checked configuration of a registration, within its module. */
export const GEMINI_WEBHOOKS_CONFIG = Symbol('GEMINI_WEBHOOKS_CONFIG');

/** The checked route of a registration, within its module. */
export const GEMINI_WEBHOOKS_ROUTE = Symbol('GEMINI_WEBHOOKS_ROUTE');

/** A function that tells where the route is mounted in this process, prefix included. */
export const GEMINI_WEBHOOKS_MOUNT = Symbol('GEMINI_WEBHOOKS_MOUNT');

/** The inbox engine of a registration, within its module. */
export const GEMINI_WEBHOOKS_INBOX = Symbol('GEMINI_WEBHOOKS_INBOX');

/** How a registration confirms that an event is of the job that its token names; absent where nobody can ask Gemini. */
export const GEMINI_WEBHOOKS_JOB_CONFIRMATION = Symbol('GEMINI_WEBHOOKS_JOB_CONFIRMATION');

/** The signing secrets of a registration that change while the app runs, within its module. */
export const GEMINI_WEBHOOKS_LIVE_SECRETS = Symbol('GEMINI_WEBHOOKS_LIVE_SECRETS');

/** The settings of a registration as they were given, within its module. */
export const GEMINI_WEBHOOKS_SETTINGS = Symbol('GEMINI_WEBHOOKS_SETTINGS');

/**
 * The token under which a registration's `GeminiJobs`, `GeminiInbox` … are injected. The class itself for `default`.
 *
 * @example
 * constructor(@Inject(getGeminiToken(GeminiJobs, 'tenant-b')) private readonly jobs: GeminiJobs) {}
 */
export function getGeminiToken<T>(
  type: Type<T> | (abstract new (...args: never[]) => T),
  name = DEFAULT_REGISTRATION,
): InjectionToken<T> {
  return name === DEFAULT_REGISTRATION ? (type as Type<T>) : `${type.name}(${name})`;
}
