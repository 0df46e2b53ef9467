import type { GeminiWebhookEndpoints } from '../../static-webhooks/gemini-webhook-endpoints.js';
import type { CommandHost } from '../command-host.js';
import { geminiOf } from '../environment.js';
import { storeHostOf } from './secret-store.js';

/** Runs `work` with the static webhooks of the environment's project, then closes the stores it opened. */
export async function withEndpoints<Result>(
  host: CommandHost,
  instance: string,
  work: (endpoints: GeminiWebhookEndpoints) => Promise<Result>,
): Promise<Result> {
  const ai = await geminiOf(host);
  const { Logger } = await import('@nestjs/common');
  const { GeminiWebhookEndpoints } = await import('../../static-webhooks/gemini-webhook-endpoints.js');
  // Nest's logger would write to standard output, between the lines of the result.
  const printLog = (message: unknown) => host.printError(String(message));
  Logger.overrideLogger({ log: printLog, warn: printLog, error: printLog });
  const endpoints = new GeminiWebhookEndpoints({ ai, host: storeHostOf(host, instance, { needsKey: true }) });
  try {
    return await work(endpoints);
  } finally {
    await endpoints.onApplicationShutdown();
  }
}
