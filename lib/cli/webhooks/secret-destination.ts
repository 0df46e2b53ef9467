import { Option, type Command } from 'commander';
import type { SigningSecretStore, SigningSecretStoreFactory } from '../../static-webhooks/signing-secret-store.js';
import { GeminiWebhooksError } from '../../errors.js';
import { PrintedSecrets } from './printed-secrets.js';
import { secretStoreOf, storeArgument, withInstance } from './secret-store.js';

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
