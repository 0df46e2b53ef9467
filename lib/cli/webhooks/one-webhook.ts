import { Command } from 'commander';
import type { StaticWebhook } from '../../static-webhooks/static-webhook.js';
import type { WebhooksApi } from '../../static-webhooks/webhooks-api.js';
import type { CommandHost } from '../command-host.js';
import { geminiOf } from '../environment.js';
import { findWebhook } from './find-webhook.js';
import { webhookLabel } from './webhook-text.js';

/** Returns the webhooks API of the environment's project. */
export async function webhooksApi(host: CommandHost): Promise<WebhooksApi> {
  const gemini = await geminiOf(host);
  const { WebhooksApi } = await import('../../static-webhooks/webhooks-api.js');
  return new WebhooksApi(gemini);
}

/** Command that acts on one webhook and prints one line when done. */
export interface OneWebhookCommand {
  readonly name: string;
  readonly description: string;
  /** Last part of `--help`. */
  readonly help: string;
  /** Printed before the webhook's name. */
  readonly done: string;
  act(api: WebhooksApi, webhook: StaticWebhook): Promise<unknown>;
}

export function oneWebhookCommand(
  { name, description, help, done, act }: OneWebhookCommand,
  host: CommandHost,
): Command {
  return new Command(name)
    .description(description)
    .argument('<webhook>', 'id of the webhook, or its name if unique')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(async (idOrName: string, { json }: { readonly json?: true }) => {
      const api = await webhooksApi(host);
      const webhook = findWebhook(await api.list(), idOrName);
      await act(api, webhook);
      host.print(
        json ? JSON.stringify({ id: webhook.id, name: webhook.name, done: name }) : `${done} ${webhookLabel(webhook)}`,
      );
    });
}
