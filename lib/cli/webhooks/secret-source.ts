import { Option, type Command } from 'commander';
import { GeminiWebhooksError } from '../../errors.js';
import { checkSecret } from '../../shared/signing-secret.js';
import { secret } from '../arguments.js';
import type { CommandHost } from '../command-host.js';
import { secretsOf, secretVariableOf } from '../environment.js';
import { placeOf, secretStoreOf, storeArgument, storeHostOf, withInstance } from './secret-store.js';

/** Options for where a command finds the signing secrets of an app. */
export interface SecretSource {
  readonly secret?: string;
  readonly store?: string;
  readonly instance: string;
  /** Name of the static webhook whose secrets the store has. */
  readonly webhook?: string;
}

/** Adds `--secret`, `--store` and `--instance`. */
export function withSecretSource(command: Command, secretText: string): Command {
  command
    .addOption(new Option('--secret <whsec>', secretText).argParser(secret))
    .addOption(
      new Option('--store <store>', 'read the secret of --webhook from file:<path> or inbox, as register saved it')
        .argParser(storeArgument)
        .conflicts('secret'),
    );
  return withInstance(command);
}

/**
 * Loads the signing secrets from the place that the options, or else the environment, name. Warns about those that an app rejects.
 *
 * @returns `[]` if neither names a place
 * @throws GeminiWebhooksError `invalid_argument`
 */
export async function loadSecrets(source: SecretSource, host: CommandHost): Promise<readonly string[]> {
  if (source.store !== undefined) return storedSecrets(source.store, source, host);
  const secrets = source.secret === undefined ? secretsOf(host) : [source.secret];
  const name = source.secret === undefined ? secretVariableOf(host) : '--secret';
  const problem = secrets.map((value) => checkSecret(value)).find((found) => found !== undefined);
  if (problem !== undefined) host.printError(`${name}: a secret ${problem}, so the module refuses it in an app.`);
  return secrets;
}

async function storedSecrets(store: string, { instance, webhook }: SecretSource, host: CommandHost) {
  if (webhook === undefined) {
    throw new GeminiWebhooksError('invalid_argument', '--store needs the name of the webhook: give --webhook.');
  }
  const factory = await secretStoreOf(store);
  const secretStore = factory(storeHostOf(host, instance, { needsKey: store === 'inbox' }));
  try {
    const secrets = (await secretStore.load(webhook)).map(({ value }) => value);
    if (secrets.length > 0) return secrets;
  } finally {
    await secretStore.close?.();
  }
  throw new GeminiWebhooksError(
    'invalid_argument',
    `The store has no secret of the webhook ${JSON.stringify(webhook)}. Looked in: ${placeOf(store, instance, host)}. Check its name, the store and --instance.`,
  );
}
