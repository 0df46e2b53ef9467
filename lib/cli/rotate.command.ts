import { Command, Option } from 'commander';
import type { RevokePrevious } from '../endpoints/webhooks-api.js';
import type { CommandHost } from './command-host.js';
import { withEndpoints } from './webhooks/endpoints.js';
import { findWebhook } from './webhooks/find-webhook.js';
import {
  checkDestination,
  storeFor,
  withSecretDestination,
  type SecretDestination,
} from './webhooks/secret-destination.js';
import { webhookLabel } from './webhooks/webhook-text.js';

interface RotateOptions extends SecretDestination {
  readonly revokePrevious: RevokePrevious;
  readonly json?: true;
}

/** `rotate`: gives a webhook a new signing secret. */
export function rotateCommand(host: CommandHost): Command {
  const command = new Command('rotate')
    .description('give a static webhook a new signing secret')
    .argument('<webhook>', 'its id, or its name when no other has it')
    .addOption(
      new Option('--revoke-previous <when>', 'when the secrets before end: now is for one that has leaked')
        .choices(['after24h', 'now'])
        .default('after24h'),
    );
  return withSecretDestination(command)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((idOrName: string, options: RotateOptions) => rotate(idOrName, options, host));
}

async function rotate(idOrName: string, options: RotateOptions, host: CommandHost): Promise<void> {
  checkDestination(options);
  const { revokePrevious, store, json } = options;
  await withEndpoints(host, options.registration, async (endpoints) => {
    const webhook = findWebhook(await endpoints.list(), idOrName);
    const { id, name = id } = webhook;
    let secret: string | undefined;
    const secretStore = await storeFor(options, name, (shown) => {
      secret = shown;
      if (!json) host.print(shown);
    });
    await endpoints.rotate(id, { revokePrevious, secretStore });
    if (json) host.print(JSON.stringify({ id, name, revokePrevious, secret }, undefined, 2));
    else
      host.printError(
        `rotated ${webhookLabel(webhook)}. ${NEXT[revokePrevious][store === undefined ? 'printed' : 'kept']}`,
      );
  });
}

const NEXT: Readonly<Record<RevokePrevious, { readonly kept: string; readonly printed: string }>> = {
  after24h: {
    kept: 'Apps with this store verify with the new secret within seconds; the one before ends in 24 h.',
    printed: 'Give the apps both within 24 h: GEMINI_WEBHOOK_SECRET=<new>,<old>. After that the old one is of no use.',
  },
  now: {
    kept: 'Apps with this store verify with the new secret within seconds; no other is valid.',
    printed:
      'Give the apps GEMINI_WEBHOOK_SECRET now: until then they refuse what Gemini sends, which tries again for 24 h.',
  },
};

const EXAMPLES = `
Give the store that the apps have: they take the new secret from it without a restart.

Examples:
  $ npx nestjs-gemini-webhooks rotate orders --store file:secrets.json
  A secret that has leaked:
    $ npx nestjs-gemini-webhooks rotate orders --store inbox --revoke-previous now`;
