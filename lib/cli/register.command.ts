import { Command } from 'commander';
import type { EndpointChange } from '../endpoints/endpoint-sync.js';
import { GeminiWebhooksError } from '../errors.js';
import { httpUrl } from './arguments.js';
import type { CommandHost } from './command-host.js';
import { withEndpoints } from './webhooks/endpoints.js';
import {
  checkDestination,
  storeFor,
  withSecretDestination,
  type SecretDestination,
} from './webhooks/secret-destination.js';
import { webhookJson, webhookLabel } from './webhooks/webhook-text.js';

interface RegisterOptions extends SecretDestination {
  readonly uri: URL;
  readonly event: readonly string[];
  readonly json?: true;
}

/** `register`: makes a static webhook, or changes the one of that name. */
export function registerCommand(host: CommandHost): Command {
  const command = new Command('register')
    .description('make a static webhook, or make the one of that name what it is to be')
    .argument('<name>', 'its name at Gemini, by which it is found again')
    .requiredOption('--uri <url>', 'where Gemini delivers', httpUrl)
    .requiredOption(
      '--event <type>',
      'what it is told of; repeatable',
      (type: string, previous?: readonly string[]) => [...(previous ?? []), type],
    );
  return withSecretDestination(command)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: RegisterOptions) => register(name, options, host));
}

async function register(name: string, options: RegisterOptions, host: CommandHost): Promise<void> {
  checkDestination(options);
  await withEndpoints(host, options.registration, async (endpoints) => {
    if (options.printSecret && (await endpoints.list()).some((webhook) => webhook.name === name)) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        `There is a webhook ${JSON.stringify(name)}, and its secret cannot be shown again. Give the --store that has it, or rotate it.`,
      );
    }
    let secret: string | undefined;
    const secretStore = await storeFor(options, name, (shown) => {
      secret = shown;
      if (!options.json) host.print(shown);
    });
    const { webhook, done } = await endpoints.sync({
      name,
      uri: options.uri.href,
      events: options.event,
      secretStore,
    });
    if (options.json) host.print(JSON.stringify({ done, webhook: webhookJson(webhook), secret }, undefined, 2));
    else host.printError(`${DONE[done]} ${webhookLabel(webhook)}, ${webhook.state}. ${secretText(options)}`);
  });
}

const DONE: Readonly<Record<EndpointChange, string>> = {
  created: 'made',
  rotated: 'gave a new secret to',
  updated: 'changed',
  unchanged: 'nothing to do for',
};

function secretText({ store }: SecretDestination): string {
  if (store === undefined)
    return 'Its secret is printed above and kept nowhere: give it to the app as GEMINI_WEBHOOK_SECRET.';
  return `Its secret is in ${store}.`;
}

const EXAMPLES = `
A webhook that is there already, whose secret the store does not have, is given a new one; the old one is valid for 24 h more.
"--store inbox" is the store at GEMINI_WEBHOOK_INBOX_URL, encrypted with GEMINI_WEBHOOK_BINDING_SECRET or else the API key.

Examples:
  $ npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks \\
      --event batch.succeeded --event batch.failed --store file:secrets.json
  The secret into a variable:
    $ SECRET=$(npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks --event batch.succeeded --print-secret)`;
