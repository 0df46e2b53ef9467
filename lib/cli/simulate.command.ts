import { Command, Option } from 'commander';
import type { SimulatorFault } from '../testing/simulator/faults.js';
import { GeminiSimulator } from '../testing/simulator/gemini-simulator.js';
import { number } from './arguments.js';
import type { CommandHost } from './command-host.js';
import { faultArgument } from './fault-argument.js';

const DEFAULT_PORT = 8788;
const DEFAULT_SECONDS = 2;

interface SimulateOptions {
  readonly port: number;
  readonly apiKey: string;
  readonly speed: number;
  readonly batchSeconds: number;
  readonly videoSeconds: number;
  readonly interactionSeconds: number;
  readonly signature: 'v1a' | 'jwt';
  readonly fault: readonly SimulatorFault[];
}

/** `simulate`: a Gemini API on this machine for an app under development, until it is stopped. */
export function simulateCommand(host: Pick<CommandHost, 'print' | 'stopped'>): Command {
  return new Command('simulate')
    .description('run a Gemini API on this machine, with webhooks, for an app under development')
    .option('--port <port>', 'on 127.0.0.1; 0 is any that is free', number, DEFAULT_PORT)
    .option('--api-key <key>', 'the API key that it takes', 'key-of-the-simulator')
    .option('--speed <factor>', 'how many times as fast as real its time runs', number, 1)
    .option('--batch-seconds <seconds>', 'how long a batch takes, in its time', number, DEFAULT_SECONDS)
    .option('--video-seconds <seconds>', 'how long a video takes', number, DEFAULT_SECONDS)
    .option('--interaction-seconds <seconds>', 'how long an interaction takes', number, DEFAULT_SECONDS)
    .addOption(
      new Option('--signature <scheme>', 'how webhooks of single jobs are signed')
        .choices(['v1a', 'jwt'])
        .default('v1a'),
    )
    .addOption(
      new Option(
        '--fault <fault>',
        'what goes wrong: lose, delay:delayMs=5000,kind=video, api_error:status=503; repeatable',
      )
        .argParser((text, previous: readonly SimulatorFault[]) => [...previous, faultArgument(text)])
        .default([], 'nothing'),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: SimulateOptions) => simulate(options, host));
}

const EXAMPLES = `
Examples:
  $ npx nestjs-gemini-webhooks simulate
  Jobs that take no time, and the first webhook of a batch lost:
    $ npx nestjs-gemini-webhooks simulate --speed 1000 --fault lose:kind=batch,times=1`;

async function simulate(
  options: SimulateOptions,
  { print, stopped }: Pick<CommandHost, 'print' | 'stopped'>,
): Promise<void> {
  const gemini = await GeminiSimulator.start({
    port: options.port,
    apiKey: options.apiKey,
    speed: options.speed,
    durations: {
      batch: options.batchSeconds * 1000,
      video: options.videoSeconds * 1000,
      interaction: options.interactionSeconds * 1000,
    },
    signature: options.signature,
    log: print,
  });
  try {
    for (const fault of options.fault) gemini.inject(fault);
    for (const line of instructions(gemini)) print(line);
    await stopped();
  } finally {
    await gemini.close();
  }
}

function instructions({ baseUrl, apiKey, jwksUrl }: GeminiSimulator): readonly string[] {
  return [
    `Gemini, simulated: ${baseUrl}`,
    `API key: ${apiKey}`,
    `JWKS: ${jwksUrl}`,
    '',
    'For the environment of your app:',
    `GEMINI_API_KEY=${apiKey}`,
    `GOOGLE_GEMINI_BASE_URL=${baseUrl}`,
    `GEMINI_WEBHOOK_JWKS_URL=${jwksUrl}`,
    '',
    'Calls and deliveries follow. Ctrl-C ends it.',
  ];
}
