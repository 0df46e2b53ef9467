import { GeminiWebhooksError } from '../errors.js';
import type { InboxEngine } from './inbox-engine.js';

const METHODS = ['accept', 'close'] as const;

/**
 * Returns an inbox that has the required methods. Without this check, an app whose `inbox` is wrong would start and answer
 * every delivery with 503.
 *
 * @throws GeminiWebhooksError `invalid_option`
 */
export function checkedEngine(engine: unknown): InboxEngine {
  const methods = (engine ?? {}) as Partial<Record<(typeof METHODS)[number], unknown>>;
  const missing = METHODS.filter((name) => typeof methods[name] !== 'function');
  if (missing.length === 0) return engine as InboxEngine;
  const what = typeof engine === 'function' ? 'a function' : `an inbox without ${missing.join(' and ')}`;
  throw new GeminiWebhooksError(
    'invalid_option',
    `GeminiWebhooksModule: inbox: returned ${what}. Give inlineInbox() or bullmqInbox(), called, or a factory that returns an InboxEngine.`,
  );
}
