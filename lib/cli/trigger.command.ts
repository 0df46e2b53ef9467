import { Command, Option } from 'commander';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType, GEMINI_EVENTS } from '../events/event-catalogue.js';
import { adviceFor } from './advice.js';
import { answerText, answerTo, type Answer } from './answer.js';
import { httpUrl, nameAndValue, rateASecond, secret, wholeNumber } from './arguments.js';
import type { CommandHost } from './command-host.js';
import { secretsOf } from './environment.js';
import { deliveriesOf, isRightAnswer, TRIGGER_FAULTS, type Signer, type TriggerFault } from './trigger/deliveries.js';
import { privateKeyFrom, serveKeySet } from './trigger/key-set-server.js';
import { paced } from './trigger/pace.js';
import { triggeredEvent } from './trigger/triggered-event.js';

const DEFAULT_JWKS_PORT = 8789;

interface TriggerOptions {
  readonly to: URL;
  readonly secret?: string;
  readonly dynamic?: true;
  readonly privateKey?: string;
  readonly jwksPort: number;
  readonly data: Readonly<Record<string, string>>;
  readonly count: number;
  readonly rate?: number;
  readonly fault?: TriggerFault;
  readonly json?: true;
}

/** `trigger`: signed events for an app that runs, without Gemini. */
export function triggerCommand(host: CommandHost): Command {
  return new Command('trigger')
    .description('send a signed event to an app that runs, and print what it answers')
    .argument('<type>', `the event's type: ${Object.keys(GEMINI_EVENTS).join(', ')}, or another`)
    .requiredOption('--to <url>', "the route's URL", httpUrl)
    .addOption(
      new Option('--secret <whsec>', 'sign as a static webhook (default: GEMINI_WEBHOOK_SECRET)')
        .argParser(secret)
        .conflicts('dynamic'),
    )
    .option('--dynamic', 'sign as a dynamic webhook, with a key of its own that the app fetches from here')
    .option('--private-key <file>', 'the PEM file with the key for --dynamic (default: a new key each time)')
    .option('--jwks-port <port>', 'where the app fetches the key', wholeNumber(0, 65_535), DEFAULT_JWKS_PORT)
    .addOption(
      new Option('--data <name=value>', 'a field of data; repeatable').argParser(nameAndValue).default({}, 'made up'),
    )
    .option('--count <n>', 'how many events', wholeNumber(1, 1_000_000), 1)
    .option('--rate <r>', 'how many a second (default: one after the other)', rateASecond)
    .addOption(new Option('--fault <fault>', 'what is wrong on purpose').choices(TRIGGER_FAULTS))
    .option('--json', 'print one JSON object for each answer')
    .addHelpText('after', EXAMPLES)
    .action((type: string, options: TriggerOptions) => trigger(type, options, host));
}

async function trigger(type: string, options: TriggerOptions, host: CommandHost): Promise<void> {
  if (!catalogueType(type)) host.printError(`${type} is none of Gemini's events: it reaches handlers of '*' only.`);
  if (!options.dynamic) return sendAll(type, { secret: secretFor(options, host) }, options, host);
  const keySet = await serveKeySet(privateKeyFrom(options.privateKey), options.jwksPort);
  try {
    host.printError(`The app must fetch the key from here: GEMINI_WEBHOOK_JWKS_URL=${keySet.url}`);
    const { privateKey, keyId } = keySet;
    await sendAll(type, { privateKey, keyId }, options, host);
  } finally {
    await keySet.close();
  }
}

async function sendAll(
  type: string,
  signer: Signer,
  { to, data, count, rate, fault, json }: TriggerOptions,
  { print, printError, fetch }: CommandHost,
): Promise<void> {
  const advice = new Set<string>();
  let [sent, wrong] = [0, 0];
  const send = async ({ headers, body }: { readonly headers: Record<string, string>; readonly body: string }) => {
    const answer = await answerTo(to, { method: 'POST', headers, body }, fetch);
    const isRight = isRightAnswer(answer, fault);
    print(json ? jsonLine(type, headers['webhook-id'] ?? '', answer, isRight) : line(type, headers, answer));
    sent += 1;
    if (isRight) return;
    wrong += 1;
    advice.add(adviceFor(answer));
  };
  await paced(count, rate, async () => {
    await Promise.all(deliveriesOf(triggeredEvent(type, data), signer, fault).map(send));
  });
  for (const one of advice) if (one) printError(one);
  if (wrong > 0)
    throw new Error(
      `${wrong} of ${sent} ${sent === 1 ? 'answer' : 'answers'} should have been ${EXPECTED[fault ?? 'none']}.`,
    );
}

const EXPECTED = { none: '2xx', duplicate: '2xx', forge: '401', stale: '400 timestamp_out_of_tolerance' };

function line(type: string, headers: Readonly<Record<string, string>>, answer: Answer): string {
  return `${type} ${headers['webhook-id']} → ${answerText(answer)} (${answer.milliseconds} ms)`;
}

function jsonLine(type: string, id: string, { status, word, error, milliseconds }: Answer, isRight: boolean): string {
  return JSON.stringify({
    type,
    id,
    status: status ?? null,
    answer: word,
    ...(error && { error }),
    milliseconds,
    ok: isRight,
  });
}

/** @throws GeminiWebhooksError `invalid_argument` */
function secretFor(options: TriggerOptions, host: CommandHost): readonly string[] {
  const secrets = options.secret === undefined ? secretsOf(host) : [options.secret];
  if (secrets.length > 0) return secrets;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'There is nothing to sign with. Set GEMINI_WEBHOOK_SECRET to what the app has, give --secret, or give --dynamic.',
  );
}

const EXAMPLES = `
The exit code is 0 when every answer is the right one: 2xx, or a refusal of what is forged or stale. Each event is of another
job unless --data id=… says which. A dynamic webhook is 403 unbound_delivery at an app with binding: only its own jobs bind.

Examples:
  $ npx nestjs-gemini-webhooks trigger batch.succeeded --to http://localhost:3000/gemini/webhooks --data id=batch_42
  $ npx nestjs-gemini-webhooks trigger video.generated --to http://localhost:3000/gemini/webhooks --count 1000 --rate 100
  $ npx nestjs-gemini-webhooks trigger batch.failed --to http://localhost:3000/gemini/webhooks --fault forge`;
