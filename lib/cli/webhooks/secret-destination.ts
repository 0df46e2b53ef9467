import { InvalidArgumentError, Option, type Command } from 'commander';
import type { SigningSecretStore, SigningSecretStoreFactory } from '../../endpoints/signing-secret-store.js';
import { GeminiWebhooksError } from '../../errors.js';
import { PrintedSecrets } from './printed-secrets.js';

const DEFAULT_REGISTRATION = 'default';

/** Where a new signing secret goes, as it was given on the command line. */
export interface SecretDestination {
  readonly store?: string;
  readonly printSecret?: true;
  readonly registration: string;
}

/** Adds `--store`, `--registration` and `--print-secret`. */
export function withSecretDestination(command: Command): Command {
  return command
    .addOption(
      new Option('--store <store>', 'where the secret goes: file:<path>, or inbox for the store of the durable inbox')
        .argParser(storeArgument)
        .conflicts('printSecret'),
    )
    .option('--registration <name>', 'of the app, for --store inbox: the name given to forRoot', DEFAULT_REGISTRATION)
    .option('--print-secret', 'print the secret, which is then kept nowhere');
}

/** @throws GeminiWebhooksError `invalid_argument` when there is nowhere to put a secret */
export function checkDestination({ store, printSecret }: SecretDestination): void {
  if (store !== undefined || printSecret) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'Gemini shows a secret once. Say where it goes: --store file:<path>, --store inbox, or --print-secret.',
  );
}

/**
 * The store that was asked for. What it needs is loaded here.
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
  if (store === 'inbox') return (await import('../../bullmq/bullmq-secret-store.js')).bullmqSecretStore();
  return (await import('../../endpoints/file-secret-store.js')).fileSecretStore(store.slice('file:'.length));
}

function storeArgument(text: string): string {
  if (text === 'inbox' || /^file:./s.test(text)) return text;
  throw new InvalidArgumentError('Give file:<path>, or inbox.');
}
