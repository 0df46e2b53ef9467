import type { InjectionToken, Type } from '@nestjs/common';
import { GeminiWebhooksError } from './errors.js';

/** Name of a module instance without a `name` option. */
export const DEFAULT_NAME = 'default';

/** Token of a module instance's checked configuration. */
export const GEMINI_WEBHOOKS_CONFIG = Symbol('GEMINI_WEBHOOKS_CONFIG');

/** Token of a module instance's checked route options. */
export const GEMINI_WEBHOOKS_ROUTE = Symbol('GEMINI_WEBHOOKS_ROUTE');

/** Token of a `MountedRoute`, which returns the mounted path of the route, including the prefix. */
export const GEMINI_WEBHOOKS_MOUNT = Symbol('GEMINI_WEBHOOKS_MOUNT');

/** Token of a module instance's inbox engine. */
export const GEMINI_WEBHOOKS_INBOX = Symbol('GEMINI_WEBHOOKS_INBOX');

/** Token of the check that an event belongs to the job in its binding token. Absent if jobs cannot be polled. */
export const GEMINI_WEBHOOKS_JOB_CONFIRMATION = Symbol('GEMINI_WEBHOOKS_JOB_CONFIRMATION');

/** Token of a module instance's signing secrets that change while the app runs. */
export const GEMINI_WEBHOOKS_LIVE_SECRETS = Symbol('GEMINI_WEBHOOKS_LIVE_SECRETS');

/** Token of a function that returns the receivers of events in this process, as an `Audience`. One per app. */
export const GEMINI_WEBHOOKS_AUDIENCE = Symbol('GEMINI_WEBHOOKS_AUDIENCE');

/** Token of a module instance's settings, unchecked. */
export const GEMINI_WEBHOOKS_SETTINGS = Symbol('GEMINI_WEBHOOKS_SETTINGS');

/**
 * Returns the injection token for a service of the module instance `name`, such as `GeminiJobs` or `GeminiInbox`. For
 * `default` it is the class itself.
 *
 * @example
 * constructor(@Inject(getGeminiToken(GeminiJobs, 'tenant-b')) private readonly jobs: GeminiJobs) {}
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is not a class, which a circular import can cause, or not a name
 */
export function getGeminiToken<T>(
  type: Type<T> | (abstract new (...args: never[]) => T),
  name = DEFAULT_NAME,
): InjectionToken<T> {
  if (typeof type !== 'function') {
    const given = type === null ? 'null' : typeof type;
    throw new GeminiWebhooksError('invalid_argument', `getGeminiToken: got ${given}. Give a class, GeminiJobs.`);
  }
  checkName('getGeminiToken', name);
  return name === DEFAULT_NAME ? (type as Type<T>) : `${type.name}(${name})`;
}

/** @throws GeminiWebhooksError `invalid_argument` for what is not the name of a module instance */
export function checkName(owner: string, name: unknown): void {
  if (typeof name === 'string' && name !== '') return;
  const given = name === '' ? 'an empty name' : `a name of type ${name === null ? 'null' : typeof name}`;
  throw new GeminiWebhooksError('invalid_argument', `${owner}: got ${given}. Give the name of a module instance.`);
}
