import type { GeminiWebhookEndpoints } from '../../endpoints/gemini-webhook-endpoints.js';
import { splitList } from '../../option-checks.js';
import type { CommandHost } from '../command-host.js';
import { apiKeyOf, geminiOf } from '../environment.js';

/** Runs `work` with the endpoints of the project that the environment names, and closes the stores it has made. */
export async function withEndpoints<Result>(
  host: CommandHost,
  registration: string,
  work: (endpoints: GeminiWebhookEndpoints) => Promise<Result>,
): Promise<Result> {
  const ai = await geminiOf(host);
  const { Logger } = await import('@nestjs/common');
  const { GeminiWebhookEndpoints } = await import('../../endpoints/gemini-webhook-endpoints.js');
  // Nest's own logger would write between the lines of the result.
  const say = (message: unknown) => host.printError(String(message));
  Logger.overrideLogger({ log: say, warn: say, error: say });
  const { environment } = host;
  const bindingSecrets = splitList(environment['GEMINI_WEBHOOK_BINDING_SECRET']);
  const endpoints = new GeminiWebhookEndpoints({
    ai,
    host: {
      registration,
      keys: bindingSecrets.length > 0 ? bindingSecrets : [apiKeyOf(environment)],
      inboxUrl: environment['GEMINI_WEBHOOK_INBOX_URL'],
    },
  });
  try {
    return await work(endpoints);
  } finally {
    await endpoints.onApplicationShutdown();
  }
}
