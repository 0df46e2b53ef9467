import { Option, type Command } from 'commander';
import type { SigningSecretStore, SigningSecretStoreFactory } from '../../static-webhooks/signing-secret-store.js';
import { RotationStore } from '../../static-webhooks/rotation-store.js';
import { GeminiWebhooksError } from '../../errors.js';
import { PrintedSecrets } from './printed-secrets.js';
import type { CommandHost } from '../command-host.js';
import { placeOf, secretStoreOf, storeArgument, storeHostOf, withInstance } from './secret-store.js';

/** Options for where to save a new signing secret. */
export interface SecretDestination {
  readonly store?: string;
  readonly printSecret?: true;
  readonly instance: string;
}

/** Adds `--store`, `--instance` and `--print-secret`. */
export function withSecretDestination(command: Command): Command {
  command.addOption(
    new Option('--store <store>', 'save the secret to file:<path>, or to inbox: the store of the durable inbox')
      .argParser(storeArgument)
      .conflicts('printSecret'),
  );
  return withInstance(command).option('--print-secret', 'print the secret instead of storing it');
}

/** @throws GeminiWebhooksError `invalid_argument` if the options name no destination */
export function checkDestination({ store, printSecret }: SecretDestination): void {
  if (store !== undefined || printSecret) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'Gemini shows a secret only once. Choose where to put it: --store file:<path>, --store inbox, or --print-secret.',
  );
}

/**
 * Returns the store that the options name, and loads its code.
 *
 * @param endpoint the webhook's name
 * @param show prints a secret
 */
export async function storeFor(
  { store }: SecretDestination,
  endpoint: string,
  show: (secret: string) => void,
): Promise<SigningSecretStore | SigningSecretStoreFactory> {
  if (store === undefined) return new PrintedSecrets(endpoint, show);
  return secretStoreOf(store);
}

/**
 * Checks that the store already has a secret of the webhook, or an unfinished rotation. Otherwise no app verifies with that
 * store, and the apps would refuse deliveries once the secret is rotated.
 *
 * @param webhook the webhook's name
 * @throws GeminiWebhooksError `invalid_argument`
 */
export async function checkStoreIsInUse(
  { store, instance }: SecretDestination,
  webhook: string,
  host: CommandHost,
): Promise<void> {
  if (store === undefined) return;
  const factory = await secretStoreOf(store);
  const secretStore = factory(storeHostOf(host, instance, { needsKey: true }));
  try {
    const rotations = new RotationStore(webhook, secretStore);
    if ((await rotations.secrets()).length > 0 || (await rotations.rotation())) return;
  } finally {
    await secretStore.close?.();
  }
  const checks = store === 'inbox' ? 'GEMINI_WEBHOOK_INBOX_URL and --instance' : 'the path';
  throw new GeminiWebhooksError(
    'invalid_argument',
    `The store has no secret of the webhook ${JSON.stringify(webhook)}, so nothing was rotated: apps that do not use this store would refuse deliveries. ` +
      `Looked in: ${placeOf(store, instance, host)}. Check ${checks}. To save the first secret here, for apps that will use this store, add --new-store.`,
  );
}
