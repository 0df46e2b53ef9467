import { Command } from 'commander';
import type { EndpointChange } from '../static-webhooks/webhook-sync.js';
import { GeminiWebhooksError } from '../errors.js';
import { subscribedEvents } from '../events/subscribable-events.js';
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

/** `register`: creates a static webhook, or updates the one with this name. */
export function registerCommand(host: CommandHost): Command {
  const command = new Command('register')
    .description('create a static webhook, or update the one whose secret the store has')
    .argument('<name>', 'name of the webhook at Gemini, which identifies it')
    .requiredOption('--uri <url>', 'URL that Gemini delivers to', httpUrl)
    .requiredOption(
      '--event <type>',
      'event to subscribe to (repeatable)',
      (type: string, previous?: readonly string[]) => [...(previous ?? []), type],
    );
  return withSecretDestination(command)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: RegisterOptions) => register(name, options, host));
}

async function register(name: string, options: RegisterOptions, host: CommandHost): Promise<void> {
  checkDestination(options);
  const subscribed = subscribedEvents(options.event);
  if ('todo' in subscribed)
    throw new GeminiWebhooksError('invalid_argument', `--event: ${subscribed.given}. ${subscribed.todo}`);
  await withEndpoints(host, options.instance, async (endpoints) => {
    if (options.printSecret && (await endpoints.list()).some((webhook) => webhook.name === name)) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        `The webhook ${JSON.stringify(name)} exists, and its secret cannot be shown again. Give the --store that has the secret, or use "rotate".`,
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
      events: subscribed.types,
      secretStore,
    });
    if (options.json) host.print(JSON.stringify({ done, webhook: webhookJson(webhook), secret }, undefined, 2));
    else host.printError(`${DONE[done]} ${webhookLabel(webhook)}, ${webhook.state}. ${secretText(options, done)}`);
  });
}

const DONE: Readonly<Record<EndpointChange, string>> = {
  created: 'created',
  rotated: 'rotated the secret of',
  updated: 'updated',
  unchanged: 'unchanged:',
};

function secretText({ store }: SecretDestination, done: EndpointChange): string {
  if (store === undefined)
    return 'Its secret is printed above and not stored: set it as GEMINI_WEBHOOK_SECRET of the app.';
  if (done !== 'rotated') return `Its secret is in ${store}.`;
  return `Its new secret is in ${store}. Apps that do not use this store refuse deliveries when the old secret expires in 24 h.`;
}

const EXAMPLES = `
If the webhook exists and the store does not have its secret, the secret is rotated; the old one stays valid for 24 h.
"--store inbox" uses the store at GEMINI_WEBHOOK_INBOX_URL, encrypted with GEMINI_WEBHOOK_BINDING_SECRET or else the API key.

Examples:
  $ npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks \\
      --event batch.succeeded --event batch.failed --store file:secrets.json
  Read the secret into a variable:
    $ SECRET=$(npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks --event batch.succeeded --print-secret)`;
