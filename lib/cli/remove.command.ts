import type { Command } from 'commander';
import type { CommandHost } from './command-host.js';
import { oneWebhookCommand } from './webhooks/one-webhook.js';

/** `remove`: deletes a webhook of the project. */
export function removeCommand(host: CommandHost): Command {
  return oneWebhookCommand(
    {
      name: 'remove',
      description: 'delete a static webhook: Gemini stops sending events to it',
      help: HELP,
      done: 'removed',
      act: (api, { id }) => api.delete(id),
    },
    host,
  );
}

const HELP = `
Its secret stays in the store, but is no longer valid.

Example:
  $ npx nestjs-gemini-webhooks remove orders`;
