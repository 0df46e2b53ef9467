import type { Command } from 'commander';
import type { CommandHost } from './command-host.js';
import { oneWebhookCommand } from './webhooks/one-webhook.js';

/** `ping`: has Gemini send a test delivery. */
export function pingCommand(host: CommandHost): Command {
  return oneWebhookCommand(
    {
      name: 'ping',
      description: 'have Gemini send a test delivery to a static webhook',
      help: HELP,
      done: 'asked Gemini to ping',
      act: (api, { id }) => api.ping(id),
    },
    host,
  );
}

const HELP = `
Gemini does not say if the ping arrived: look in the log of the app, or in a handler for '*'.

Example:
  $ npx nestjs-gemini-webhooks ping orders`;
