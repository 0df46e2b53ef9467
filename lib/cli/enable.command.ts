import type { Command } from 'commander';
import type { CommandHost } from './command-host.js';
import { oneWebhookCommand } from './webhooks/one-webhook.js';

/** `enable`: enables a webhook that Gemini has disabled because its deliveries failed. */
export function enableCommand(host: CommandHost): Command {
  return oneWebhookCommand(
    {
      name: 'enable',
      description: 'enable a static webhook that was disabled, by you or by Gemini',
      help: HELP,
      done: 'enabled',
      act: (api, { id }) => api.update(id, { state: 'enabled' }),
    },
    host,
  );
}

const HELP = `
Gemini disables a webhook whose deliveries keep failing (state disabled_due_to_failed_deliveries). Find out why first, with "doctor".

Example:
  $ npx nestjs-gemini-webhooks enable orders`;
