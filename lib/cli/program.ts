import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { GeminiWebhooksError } from '../errors.js';
import type { CommandHost } from './command-host.js';
import { doctorCommand } from './doctor.command.js';
import { enableCommand } from './enable.command.js';
import { errorText } from './error-text.js';
import { listCommand } from './list.command.js';
import { pingCommand } from './ping.command.js';
import { registerCommand } from './register.command.js';
import { removeCommand } from './remove.command.js';
import { rotateCommand } from './rotate.command.js';
import { simulateCommand } from './simulate.command.js';
import { triggerCommand } from './trigger.command.js';

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

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
];

/**
 * Runs one command.
 *
 * @param args what was typed after the program's name
 * @returns the exit code: 0 when it did what it was asked, 1 when it could not, 2 when it was asked wrongly
 */
export async function run(args: readonly string[], host: CommandHost): Promise<number> {
  try {
    await program(host).parseAsync(args, { from: 'user' });
    return OK;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : WRONG_USAGE;
    host.printError(errorText(error));
    return isUsage(error) ? WRONG_USAGE : FAILED;
  }
}

function program(host: CommandHost): Command {
  const all = new Command('nestjs-gemini-webhooks')
    .description('Tools for webhooks of the Gemini API: try them, run them, find what is wrong with them.')
    .version(version())
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  const commands = COMMANDS.map((command) => command(host));
  for (const command of [all, ...commands]) {
    command
      .exitOverride()
      .showHelpAfterError('Add --help to see how it is used.')
      .configureOutput({
        writeOut: (text) => host.print(text.trimEnd()),
        writeErr: (text) => host.printError(text.trimEnd()),
        getOutHasColors: () => host.hasColours,
        getErrHasColors: () => host.hasColours,
      });
  }
  for (const command of commands) all.addCommand(command);
  return all;
}

function isUsage(error: unknown): boolean {
  return error instanceof GeminiWebhooksError && ['invalid_argument', 'invalid_option'].includes(error.code);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

const EXAMPLES = `
Examples:
  Send a signed event to an app that runs here, and see what it answers:
    $ GEMINI_WEBHOOK_SECRET=whsec_… npx nestjs-gemini-webhooks trigger batch.succeeded --to http://localhost:3000/gemini/webhooks
  Find out why no webhook arrives:
    $ npx nestjs-gemini-webhooks doctor https://app.example.com/gemini/webhooks
  Have Gemini announce all batches of a project, the secret in a file:
    $ npx nestjs-gemini-webhooks register orders --uri https://app.example.com/gemini/webhooks --event batch.succeeded --store file:secrets.json

Environment:
  GEMINI_API_KEY or GOOGLE_API_KEY   the project, for register, list, rotate, ping, enable, remove and doctor --webhook
  GOOGLE_GEMINI_BASE_URL             another Gemini API, such as the one of "simulate"
  GEMINI_WEBHOOK_SECRET              the signing secret, for trigger and doctor

Exit codes: 0 done, 1 failed, 2 wrong usage.`;
