import { Command, CommanderError } from 'commander';
import { GeminiWebhooksError } from '../errors.js';
import type { CommandHost } from './command-host.js';
import { doctorCommand } from './doctor.command.js';
import { enableCommand } from './enable.command.js';
import { errorText, withoutCredentials } from './error-text.js';
import { failedCommand } from './failed.command.js';
import { listCommand } from './list.command.js';
import { pingCommand } from './ping.command.js';
import { registerCommand } from './register.command.js';
import { removeCommand } from './remove.command.js';
import { rotateCommand } from './rotate.command.js';
import { simulateCommand } from './simulate.command.js';
import { sqlCommand } from './sql.command.js';
import { triggerCommand } from './trigger.command.js';
import { VERSION } from './version.js';

const OK = 0;
const FAILED = 1;
const USAGE_ERROR = 2;

const COMMANDS = [
  triggerCommand,
  simulateCommand,
  doctorCommand,
  registerCommand,
  listCommand,
  rotateCommand,
  pingCommand,
  enableCommand,
  removeCommand,
  failedCommand,
  sqlCommand,
];

/**
 * Runs one command.
 *
 * @param args arguments after the program's name
 * @returns the exit code: 0 on success, 1 on failure, 2 on usage errors
 */
export async function run(args: readonly string[], host: CommandHost): Promise<number> {
  try {
    await program(host).parseAsync(args, { from: 'user' });
    return OK;
  } catch (error) {
    // Commander has printed it.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE_ERROR;
    host.printError(withoutCredentials(errorText(error)));
    return isUsage(error) ? USAGE_ERROR : FAILED;
  }
}

function program(host: CommandHost): Command {
  const all = new Command('nestjs-gemini-webhooks')
    .description('Tools for webhooks of the Gemini API: send test events, manage static webhooks, diagnose problems.')
    .version(VERSION)
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  const commands = COMMANDS.map((command) => command(host));
  for (const command of [all, ...commands, ...commands.flatMap((parent) => parent.commands)]) {
    command
      .exitOverride()
      .showHelpAfterError('Add --help for usage.')
      .configureOutput({
        writeOut: (text) => host.print(text.trimEnd()),
        writeErr: (text) => host.printError(withoutCredentials(text.trimEnd())),
        getOutHasColors: () => host.hasColours,
        getErrHasColors: () => host.hasColours,
      });
  }
  for (const command of commands) all.addCommand(command);
  all.hook('preAction', (_program, command) => checkNotEmpty(command));
  return all;
}

/** An empty value is most likely a variable of the shell that is not set, and must not count as the default. */
function checkNotEmpty(command: Command): void {
  const isEmpty = (value: unknown) => [value].flat().some((one) => typeof one === 'string' && one.trim() === '');
  const option = command.options.find((one) => isEmpty(command.getOptionValue(one.attributeName())));
  if (option) command.error(`error: option '${option.flags}' is empty. Give a value, or leave it out.`);
  const argument = command.registeredArguments.find((_argument, index) => isEmpty(command.processedArgs[index]));
  if (argument) command.error(`error: argument '${argument.name()}' is empty. Give a value.`);
}

function isUsage(error: unknown): boolean {
  return error instanceof GeminiWebhooksError && ['invalid_argument', 'invalid_option'].includes(error.code);
}

const EXAMPLES = `
Examples:
  Send a signed event to an app on this machine, and see its response:
    $ GEMINI_WEBHOOK_SECRET=whsec_… npx nestjs-gemini-webhooks trigger batch.succeeded --to http://localhost:3000/gemini/webhooks
  Find out why no webhooks arrive:
    $ npx nestjs-gemini-webhooks doctor https://app.example.com/gemini/webhooks
  Receive an event for every batch of a project, and save the secret to a file:
    $ npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks --event batch.succeeded --store file:secrets.json
  Replay the events of the last two hours whose handlers failed:
    $ npx nestjs-gemini-webhooks failed replay --all --after 2h

Environment:
  GEMINI_API_KEY or GOOGLE_API_KEY   API key of the project, for register, list, rotate, ping, enable, remove and doctor --webhook
  GOOGLE_GEMINI_BASE_URL             URL of another Gemini API, such as that of "simulate"
  GEMINI_WEBHOOK_SECRET              signing secret, for trigger and doctor
  GEMINI_WEBHOOK_INBOX_URL           store of the durable inbox, for failed and --store inbox

Exit codes: 0 success, 1 failure, 2 usage error.`;
