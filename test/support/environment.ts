import { ENVIRONMENT_NAMES } from '../../lib/config/gemini-webhooks.environment.js';

const NAMES = [...ENVIRONMENT_NAMES, 'GEMINI_WEBHOOK_PATH', 'GOOGLE_GEMINI_BASE_URL'] as const;

/** Removes all variables of the package and the SDK, then sets the given ones. For `beforeEach` and within tests. */
export function setEnvironment(values: Partial<Record<(typeof NAMES)[number], string>> = {}): void {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, values);
}
