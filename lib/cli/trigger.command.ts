import { Command, Option } from 'commander';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType, GEMINI_EVENTS } from '../events/event-catalogue.js';
import { suggestedEvent } from '../events/suggested-event.js';
import { counted } from '../shared/counted.js';
import { TRIGGER_HEADER } from '../shared/doctor-probe.js';
import { adviceFor, NOT_THE_MODULE } from './advice.js';
import { resultText, sendRequest, isReceipt, isSuccess, type HttpResult } from './http-response.js';
import { httpUrl, nameAndValue, rateASecond, wholeNumber } from './arguments.js';
import type { CommandHost } from './command-host.js';
import {
  deliveriesOf,
  isExpectedResult,
  TRIGGER_FAULTS,
  type Signer,
  type TriggerFault,
} from './trigger/deliveries.js';
import { privateKeyFrom, serveKeySet } from './trigger/key-set-server.js';
import { paced } from './trigger/pace.js';
import { triggeredEvent } from './trigger/triggered-event.js';
import { unhandledWarning } from './trigger/unhandled-type.js';
import { loadSecrets, withSecretSource, type SecretSource } from './webhooks/secret-source.js';

const DEFAULT_JWKS_PORT = 8789;

interface TriggerOptions extends SecretSource {
  readonly to: URL;
  readonly dynamic?: true;
  readonly privateKey?: string;
  readonly jwksPort: number;
  readonly data: Readonly<Record<string, string>>;
  readonly count: number;
  readonly rate?: number;
  readonly fault?: TriggerFault;
  readonly json?: true;
}

/** `trigger`: sends signed events to a running app, without Gemini. */
export function triggerCommand(host: CommandHost): Command {
  const command = new Command('trigger')
    .description('send a signed event to a running app, and print its response')
    .argument('<type>', `type of the event: ${Object.keys(GEMINI_EVENTS).join(', ')}, or another`)
    .requiredOption('--to <url>', 'URL of the route', httpUrl);
  return withSecretSource(command, 'sign as a static webhook (default: GEMINI_WEBHOOK_SECRET)')
    .option('--webhook <name>', 'name of the static webhook, for --store')
    .addOption(
      new Option('--dynamic', 'sign as a dynamic webhook, with a key that the app fetches from this command').conflicts(
        ['secret', 'store'],
      ),
    )
    .option('--private-key <file>', 'PEM file with the key for --dynamic (default: a new key each time)')
    .option('--jwks-port <port>', 'port where the app fetches the key', wholeNumber(0, 65_535), DEFAULT_JWKS_PORT)
    .addOption(
      new Option('--data <name=value>', 'field of data (repeatable)').argParser(nameAndValue).default({}, 'invented'),
    )
    .option('--count <n>', 'number of events', wholeNumber(1, 1_000_000), 1)
    .option('--rate <r>', 'events per second (default: one after the other)', rateASecond)
    .addOption(new Option('--fault <fault>', 'inject a fault into the delivery').choices(TRIGGER_FAULTS))
    .option('--json', 'print one JSON object per response')
    .addHelpText('after', EXAMPLES)
    .action((type: string, options: TriggerOptions) => trigger(type, options, host));
}

async function trigger(type: string, options: TriggerOptions, host: CommandHost): Promise<void> {
  if (!catalogueType(type))
    host.printError(`Gemini has no event ${type}.${suggestedEvent(type)} Only handlers for '*' receive it.`);
  if (!options.dynamic) return sendAll(type, { secret: await secretFor(options, host) }, options, host);
  const keySet = await serveKeySet(privateKeyFrom(options.privateKey), options.jwksPort);
  try {
    host.printError(`The app must fetch the key from this command: GEMINI_WEBHOOK_JWKS_URL=${keySet.url}`);
    const { privateKey, keyId } = keySet;
    await sendAll(type, { privateKey, keyId }, options, host);
  } finally {
    await keySet.close();
  }
}

async function sendAll(
  type: string,
  signer: Signer,
  { to, dynamic, data, count, rate, fault, json }: TriggerOptions,
  { print, printError, fetch }: CommandHost,
): Promise<void> {
  const advice = new Set<string>();
  let [sent, unexpected, accepted, stored, failed] = [0, 0, 0, 0, 0];
  const send = async ({ headers, body }: { readonly headers: Record<string, string>; readonly body: string }) => {
    const request = { method: 'POST', headers: { ...headers, [TRIGGER_HEADER]: '1' }, body };
    const result = await sendRequest(to, request, fetch);
    const { failedHandlers = [] } = result;
    const isRight = isExpectedResult(result, fault) && failedHandlers.length === 0;
    print(json ? jsonLine(type, headers['webhook-id'] ?? '', result, isRight) : line(type, headers, result));
    sent += 1;
    if (isReceipt(result)) accepted += 1;
    if (result.code === 'accepted') stored += 1;
    if (isSuccess(result) && !isReceipt(result))
      advice.add(`The response does not come from this module. ${NOT_THE_MODULE}`);
    if (isRight) return;
    if (failedHandlers.length > 0) {
      failed += 1;
      advice.add(failureAdvice(failedHandlers));
      return;
    }
    unexpected += 1;
    advice.add(dynamic && result.code === 'signature_mismatch' ? OTHER_KEY_SET : adviceFor(result));
  };
  await paced(count, rate, async () => {
    await Promise.all(deliveriesOf(triggeredEvent(type, data), signer, fault).map(send));
  });
  const unhandled = accepted > 0 ? await unhandledWarning(type, { to, signer, fetch }) : undefined;
  if (unhandled !== undefined) advice.add(unhandled);
  else if (stored > 0 && !json) advice.add(STORED);
  for (const text of advice) if (text) printError(text);
  if (failed > 0) throw new Error(`Handlers failed for good in ${failed} of ${counted(sent, 'response')}.`);
  if (unexpected > 0)
    throw new Error(`${unexpected} of ${counted(sent, 'response')} should have been ${EXPECTED[fault ?? 'none']}.`);
}

const OTHER_KEY_SET = 'Set GEMINI_WEBHOOK_JWKS_URL of the app to the key set of this command, and restart the app.';
const STORED =
  'The inbox has stored the event, and a worker runs its handlers later. If one fails for good, the log of the app and `npx nestjs-gemini-webhooks failed list` say so.';
const EXPECTED = { none: '2xx', duplicate: '2xx', forge: '401', stale: '400 timestamp_out_of_tolerance' };

function failureAdvice(names: readonly string[]): string {
  return `${names.join(', ')} failed for good, so Gemini would not send the event again: the log of the app has the error.`;
}

function line(type: string, headers: Readonly<Record<string, string>>, result: HttpResult): string {
  return `${type} ${headers['webhook-id']} → ${resultText(result)} (${result.milliseconds} ms)`;
}

function jsonLine(
  type: string,
  id: string,
  { status, code, error, milliseconds, failedHandlers = [] }: HttpResult,
  isRight: boolean,
): string {
  return JSON.stringify({
    type,
    id,
    status: status ?? null,
    answer: code,
    ...(error && { error }),
    ...(failedHandlers.length > 0 && { failedHandlers }),
    milliseconds,
    ok: isRight,
  });
}

/** @throws GeminiWebhooksError `invalid_argument` */
async function secretFor(options: TriggerOptions, host: CommandHost): Promise<readonly string[]> {
  const secrets = await loadSecrets(options, host);
  if (secrets.length > 0) return secrets;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'No key or secret to sign with. Set GEMINI_WEBHOOK_SECRET to the secret of the app, or give --secret, --store or --dynamic.',
  );
}

const EXAMPLES = `
The exit code is 0 if every response is as expected: 2xx, or a refusal of a forged or stale delivery. It is 1 if a handler of
an inline inbox fails for good, although the response is 200. A durable inbox answers 202 before the handlers run, so their failures
do not count: list them with failed list. Each event has its own job unless --data id=… names one. If no handler
of the app receives the type, the command says so. With --dynamic, an app with binding returns 403 unbound_delivery: only jobs that it started are bound to it.

Examples:
  $ npx nestjs-gemini-webhooks trigger batch.succeeded --to http://localhost:3000/gemini/webhooks --data id=batch_42
  $ npx nestjs-gemini-webhooks trigger video.generated --to http://localhost:3000/gemini/webhooks --count 1000 --rate 100
  $ npx nestjs-gemini-webhooks trigger batch.failed --to http://localhost:3000/gemini/webhooks --fault forge`;
