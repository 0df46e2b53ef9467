import { Command } from 'commander';
import type { StaticWebhook } from '../../endpoints/static-webhook.js';
import type { WebhooksApi } from '../../endpoints/webhooks-api.js';
import type { CommandHost } from '../command-host.js';
import { geminiOf } from '../environment.js';
import { findWebhook } from './find-webhook.js';
import { webhookLabel } from './webhook-text.js';

/** The webhooks of the project that the environment names. */
export async function webhooksApi(host: CommandHost): Promise<WebhooksApi> {
  const gemini = await geminiOf(host);
  const { WebhooksApi } = await import('../../endpoints/webhooks-api.js');
  return new WebhooksApi(gemini);
}

/** A command that does one thing to one webhook, and says in one line that it is done. */
export interface OneWebhookCommand {
  readonly name: string;
  readonly description: string;
  /** What `--help` ends with. */
  readonly help: string;
  /** What is printed, before the webhook's name. */
  readonly done: string;
  act(api: WebhooksApi, webhook: StaticWebhook): Promise<unknown>;
}

export function oneWebhookCommand(
  { name, description, help, done, act }: OneWebhookCommand,
  host: CommandHost,
): Command {
  return new Command(name)
    .description(description)
    .argument('<webhook>', 'its id, or its name when no other has it')
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
