import { Command } from 'commander';
import type { CommandHost } from './command-host.js';
import { webhooksApi } from './webhooks/one-webhook.js';
import { webhookJson, webhookTable } from './webhooks/webhook-text.js';

/** `list`: lists the static webhooks of the project. */
export function listCommand(host: CommandHost): Command {
  return new Command('list')
    .description('list the static webhooks of the project')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      const webhooks = await (await webhooksApi(host)).list();
      if (json) host.print(JSON.stringify(webhooks.map(webhookJson), undefined, 2));
      else if (webhooks.length > 0) host.print(webhookTable(webhooks));
      else host.printError('The project has no static webhooks. Create one with "register".');
    });
}

const EXAMPLES = `
SECRETS is the number of valid signing secrets: two while the previous one is still valid after a rotation.

Examples:
  $ npx nestjs-gemini-webhooks list
  Webhooks that Gemini does not deliver to:
    $ npx nestjs-gemini-webhooks list --json | jq '.[] | select(.state != "enabled")'`;
