import { Command, Option } from 'commander';
import type { RevokePrevious } from '../static-webhooks/webhooks-api.js';
import type { CommandHost } from './command-host.js';
import { withEndpoints } from './webhooks/endpoints.js';
import { findWebhook } from './webhooks/find-webhook.js';
import {
  checkDestination,
  checkStoreIsInUse,
  storeFor,
  withSecretDestination,
  type SecretDestination,
} from './webhooks/secret-destination.js';
import { webhookLabel } from './webhooks/webhook-text.js';

interface RotateOptions extends SecretDestination {
  readonly revokePrevious: RevokePrevious;
  readonly newStore?: true;
  readonly json?: true;
}

/** `rotate`: rotates the signing secret of a webhook. */
export function rotateCommand(host: CommandHost): Command {
  const command = new Command('rotate')
    .description('rotate the signing secret of a static webhook')
    .argument('<webhook>', 'id of the webhook, or its name if unique')
    .addOption(
      new Option('--revoke-previous <when>', 'when the previous secrets expire; use now after a leak')
        .choices(['after24h', 'now'])
        .default('after24h'),
    );
  return withSecretDestination(command)
    .addOption(
      new Option(
        '--new-store',
        'save to a store that has no secret of this webhook yet, for apps that will use it',
      ).conflicts('printSecret'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((idOrName: string, options: RotateOptions) => rotate(idOrName, options, host));
}

async function rotate(idOrName: string, options: RotateOptions, host: CommandHost): Promise<void> {
  checkDestination(options);
  const { revokePrevious, store, newStore, json } = options;
  await withEndpoints(host, options.instance, async (endpoints) => {
    const webhook = findWebhook(await endpoints.list(), idOrName);
    const { id, name = id } = webhook;
    if (!newStore) await checkStoreIsInUse(options, name, host);
    let secret: string | undefined;
    const secretStore = await storeFor(options, name, (shown) => {
      secret = shown;
      if (!json) host.print(shown);
    });
    await endpoints.rotate(id, { revokePrevious, secretStore });
    if (json) host.print(JSON.stringify({ id, name, revokePrevious, secret }, undefined, 2));
    else
      host.printError(
        `rotated ${webhookLabel(webhook)}. ${NEXT[revokePrevious][store === undefined ? 'printed' : 'stored']}`,
      );
  });
}

const NEXT: Readonly<Record<RevokePrevious, { readonly stored: string; readonly printed: string }>> = {
  after24h: {
    stored: 'Apps with this store use the new secret within seconds; the old one expires in 24 h.',
    printed:
      'Give the apps both within 24 h: GEMINI_WEBHOOK_SECRET=<new>,<old>. After that the old one is no longer valid.',
  },
  now: {
    stored: 'Apps with this store use the new secret within seconds; the old ones are no longer valid.',
    printed:
      'Set GEMINI_WEBHOOK_SECRET of the apps now: until then they refuse deliveries, which Gemini retries for 24 h.',
  },
};

const EXAMPLES = `
Give the store that the apps use: they load the new secret from it without a restart. A store without a secret of the webhook
is refused, unless --new-store is given: an app that does not use it refuses deliveries once its own secret has expired.

Examples:
  $ npx nestjs-gemini-webhooks rotate orders --store file:secrets.json
  After a leak:
    $ npx nestjs-gemini-webhooks rotate orders --store inbox --revoke-previous now`;
