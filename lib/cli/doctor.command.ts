import { Command, Option } from 'commander';
import { styleText } from 'node:util';
import { httpUrl, secret } from './arguments.js';
import type { CommandHost } from './command-host.js';
import type { Check } from './doctor/check.js';
import { examine } from './doctor/examine.js';
import { pingCheck } from './doctor/ping.js';
import { keySetUrlOf, secretsOf } from './environment.js';
import { webhooksApi } from './webhooks/one-webhook.js';

interface DoctorOptions {
  readonly secret?: string;
  readonly webhook?: string;
  readonly jwksUrl?: URL;
  readonly local?: true;
  readonly json?: true;
}

/** `doctor`: what is wrong between Gemini and an app. */
export function doctorCommand(host: CommandHost): Command {
  return new Command('doctor')
    .description('find out why webhooks do not arrive at an app: one line a check, with what to do')
    .argument('<url>', "the route's URL, as Google is to call it", httpUrl)
    .addOption(
      new Option('--secret <whsec>', 'a signing secret of the app (default: GEMINI_WEBHOOK_SECRET)').argParser(secret),
    )
    .option('--webhook <webhook>', 'a static webhook, by id or name: have Gemini ping it (needs GEMINI_API_KEY)')
    .option('--jwks-url <url>', "the key set (default: GEMINI_WEBHOOK_JWKS_URL, else Google's)", httpUrl)
    .option('--local', 'the app is under development: Google need not reach it')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((url: URL, options: DoctorOptions) => doctor(url, options, host));
}

async function doctor(url: URL, options: DoctorOptions, host: CommandHost): Promise<void> {
  const { webhook } = options;
  const secrets = options.secret === undefined ? secretsOf(host) : [options.secret];
  const checks = await examine({
    url,
    isLocal: options.local === true,
    secrets,
    jwksUrl: options.jwksUrl ?? keySetUrlOf(host),
    fetch: host.fetch,
    ping: webhook === undefined ? undefined : () => pingCheck(() => webhooksApi(host), webhook, { url, secrets }),
  });
  const failures = checks.filter(({ state }) => state === 'failed').length;
  if (options.json)
    host.print(JSON.stringify({ url: url.origin + url.pathname, ok: failures === 0, checks }, undefined, 2));
  else for (const check of checks) host.print(checkLine(check, host.hasColours));
  if (failures > 0) throw new Error(failures === 1 ? '1 check failed.' : `${failures} checks failed.`);
}

const MARKS = {
  passed: { text: 'ok  ', colour: 'green' },
  failed: { text: 'FAIL', colour: 'red' },
  skipped: { text: 'skip', colour: 'gray' },
} as const;

function checkLine({ name, state, found, todo }: Check, hasColours: boolean): string {
  const { text, colour } = MARKS[state];
  const mark = hasColours ? styleText(colour, text, { validateStream: false }) : text;
  return `${mark}  ${name.padEnd(8)}  ${found}${todo && `. ${todo}`}`;
}

const EXAMPLES = `
It sends a request without a signature and, with a secret, a signed event of the type "doctor.check", which handlers of '*' see.
The key set and the clock are looked at from this machine. The exit code is 0 when no check failed.

Examples:
  $ GEMINI_WEBHOOK_SECRET=whsec_… npx nestjs-gemini-webhooks doctor https://app.example.com/gemini/webhooks
  An app on this machine, against "simulate":
    $ npx nestjs-gemini-webhooks doctor http://localhost:3000/gemini/webhooks --local --jwks-url http://127.0.0.1:8788/.well-known/jwks.json`;
