import { Command } from 'commander';
import { styleText } from 'node:util';
import { counted } from '../shared/counted.js';
import { httpUrl } from './arguments.js';
import type { CommandHost } from './command-host.js';
import { summaryOf, type Check } from './doctor/check.js';
import { examine } from './doctor/examine.js';
import { pingCheck } from './doctor/ping.js';
import { hasDynamicKey, keySetUrlOf } from './environment.js';
import { webhooksApi } from './webhooks/one-webhook.js';
import { loadSecrets, withSecretSource, type SecretSource } from './webhooks/secret-source.js';

interface DoctorOptions extends SecretSource {
  readonly jwksUrl?: URL;
  readonly local?: true;
  readonly json?: true;
}

/** `doctor`: finds what is wrong between Gemini and an app. */
export function doctorCommand(host: CommandHost): Command {
  const command = new Command('doctor')
    .description('find out why webhooks do not reach an app: one line per check, with what to do')
    .argument('<url>', 'URL of the route, as Google calls it', httpUrl);
  return withSecretSource(command, 'signing secret of the app (default: GEMINI_WEBHOOK_SECRET)')
    .option('--webhook <webhook>', 'static webhook, by name or id: have Gemini ping it (needs GEMINI_API_KEY)')
    .option('--jwks-url <url>', "URL of the key set (default: GEMINI_WEBHOOK_JWKS_URL, else Google's)", httpUrl)
    .option('--local', 'the app is under development: Google need not reach it')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((url: URL, options: DoctorOptions) => doctor(url, options, host));
}

async function doctor(url: URL, options: DoctorOptions, host: CommandHost): Promise<void> {
  const { webhook } = options;
  const secrets = await loadSecrets(options, host);
  const checks = await examine({
    url,
    isLocal: options.local === true,
    secrets,
    jwksUrl: options.jwksUrl ?? keySetUrlOf(host),
    dynamic: options.jwksUrl ? 'asked' : secrets.length > 0 && !hasDynamicKey(host) ? 'unlikely' : 'likely',
    fetch: host.fetch,
    ping: webhook === undefined ? undefined : () => pingCheck(() => webhooksApi(host), webhook, { url, secrets }),
  });
  const failures = checks.filter(({ state }) => state === 'failed').length;
  if (options.json)
    host.print(JSON.stringify({ url: url.origin + url.pathname, ok: failures === 0, checks }, undefined, 2));
  else printChecks(checks, host);
  if (failures > 0) throw new Error(`${counted(failures, 'check')} failed.`);
}

const MARKS = {
  passed: { text: 'ok  ', colour: 'green' },
  failed: { text: 'FAIL', colour: 'red' },
  skipped: { text: 'skip', colour: 'gray' },
} as const;

function printChecks(checks: readonly Check[], { print, hasColours }: CommandHost): void {
  for (const check of checks) print(checkLine(check, hasColours));
  print('');
  for (const line of summaryOf(checks)) print(line);
}

function checkLine({ name, state, found, todo }: Check, hasColours: boolean): string {
  const { text, colour } = MARKS[state];
  const mark = hasColours ? styleText(colour, text, { validateStream: false }) : text;
  // The summary says how to make the checks that were skipped.
  return `${mark}  ${name.padEnd(8)}  ${found}${todo && state !== 'skipped' ? `. ${todo}` : ''}`;
}

const EXAMPLES = `
It sends an unsigned request and, with a secret, signed events of the type "doctor.check". No handler runs for them, and the app lists
its handlers in a header of the response. It fetches the key set from this machine. With --webhook it compares the events that the
webhook subscribes to with the handlers. The exit code is 0 if no check failed, and 1 if one did: read in the summary what was not checked.

Examples:
  $ GEMINI_WEBHOOK_SECRET=whsec_… npx nestjs-gemini-webhooks doctor https://app.example.com/gemini/webhooks
  An app on this machine, against "simulate":
    $ npx nestjs-gemini-webhooks doctor http://localhost:3000/gemini/webhooks --local --jwks-url http://127.0.0.1:8788/.well-known/jwks.json`;
