import { ENVIRONMENT_NAMES } from '../../lib/gemini-webhooks.environment.js';

const NAMES = [...ENVIRONMENT_NAMES, 'GEMINI_WEBHOOK_PATH'] as const;

/** Makes these the only ones of our variables that are set. For `beforeEach`, and again where a test wants some. */
export function setEnvironment(values: Partial<Record<(typeof NAMES)[number], string>> = {}): void {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, values);
}
