import { inlineInbox, type InboxEngineFactory } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';

/**
 * Where accepted events are kept: in a store when `GEMINI_WEBHOOK_INBOX_URL` names one, else nowhere, because Gemini
 * keeps them until they are handled.
 */
export function sampleInbox(env: NodeJS.ProcessEnv = process.env): InboxEngineFactory {
  if (!env['GEMINI_WEBHOOK_INBOX_URL']) return inlineInbox();
  return bullmqInbox({
    queueName: env['INBOX_QUEUE'],
    workers: env['INBOX_WORKERS'] !== 'false',
    backoff: { type: 'exponential', delay: Number(env['INBOX_RETRY_MS'] ?? 42_000), jitter: 0.2 },
    lockDurationMs: Number(env['INBOX_LOCK_MS'] ?? 30_000),
  });
}
