import { InvalidArgumentError, Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { splitList } from '../../config/option-checks.js';
import { DEFAULT_NAME } from '../../gemini-webhooks.tokens.js';
import type { SigningSecretStoreFactory, SigningSecretStoreHost } from '../../static-webhooks/signing-secret-store.js';
import type { CommandHost } from '../command-host.js';
import { apiKeyOf } from '../environment.js';

/** Parses `--store`. @throws InvalidArgumentError */
export function storeArgument(text: string): string {
  if (text === 'inbox' || /^file:./s.test(text)) return text;
  throw new InvalidArgumentError('Give file:<path>, or inbox.');
}

/** Adds `--instance`, and its old name `--registration`, which the help does not show. */
export function withInstance(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--instance <name>',
        'for --store inbox: name of the module instance, as in forRoot({ name })',
      ).default(DEFAULT_NAME),
    )
    .addOption(new Option('--registration <name>').hideHelp())
    .on('option:registration', (name: string) => command.setOptionValue('instance', name));
}

/** Loads the code of a store that `storeArgument` has parsed. */
export async function secretStoreOf(store: string): Promise<SigningSecretStoreFactory> {
  if (store === 'inbox') return (await import('../../bullmq/bullmq-secret-store.js')).bullmqSecretStore();
  return (await import('../../static-webhooks/file-secret-store.js')).fileSecretStore(store.slice('file:'.length));
}

/**
 * Reads what a store needs from the environment.
 *
 * @throws GeminiWebhooksError `invalid_argument` if a key is needed and there is none
 */
export function storeHostOf(
  { environment }: Pick<CommandHost, 'environment'>,
  instance: string,
  { needsKey }: { readonly needsKey: boolean },
): SigningSecretStoreHost {
  const bindingSecrets = splitList(environment['GEMINI_WEBHOOK_BINDING_SECRET']);
  const keys = bindingSecrets.length > 0 || !needsKey ? bindingSecrets : [apiKeyOf(environment)];
  return { registration: instance, keys, inboxUrl: environment['GEMINI_WEBHOOK_INBOX_URL'] };
}

/** Describes where a store keeps its secrets, without the credentials of a URL. */
export function placeOf(store: string, instance: string, { environment }: Pick<CommandHost, 'environment'>): string {
  if (store !== 'inbox') return `file:${resolve(store.slice('file:'.length))}`;
  const url = environment['GEMINI_WEBHOOK_INBOX_URL'] ?? '';
  const { protocol, host, pathname } = URL.canParse(url) ? new URL(url) : {};
  const server = protocol === undefined ? 'GEMINI_WEBHOOK_INBOX_URL' : `${protocol}//${host}${pathname}`;
  return `${server}, module instance ${JSON.stringify(instance)}, default prefix`;
}
