import { ENVIRONMENT_NAMES } from '../../lib/config/gemini-webhooks.environment.js';

const NAMES = [...ENVIRONMENT_NAMES, 'GEMINI_WEBHOOK_PATH', 'GOOGLE_GEMINI_BASE_URL'] as const;

/** Makes these the only ones of our variables, and the SDK's, that are set. For `beforeEach`, and again where a test wants some. */
export function setEnvironment(values: Partial<Record<(typeof NAMES)[number], string>> = {}): void {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, values);
}
