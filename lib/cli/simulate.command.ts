import { Command, Option } from 'commander';
import type { SimulatorFault } from '../testing/simulator/faults.js';
import { GeminiSimulator } from '../testing/simulator/gemini-simulator.js';
import { VIDEO_EVENTS, VIDEO_RESULTS, type GeminiSimulatorOptions } from '../testing/simulator/simulator.options.js';
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
  readonly model: readonly string[];
  readonly agent: readonly string[];
  readonly videoEvent: NonNullable<GeminiSimulatorOptions['videoEvent']>;
  readonly videoResult: NonNullable<GeminiSimulatorOptions['videoResult']>;
  readonly fileProcessingSeconds: number;
  readonly fault: readonly SimulatorFault[];
}

/** `simulate`: runs a Gemini API on this machine, for an app under development, until the user stops it. */
export function simulateCommand(host: Pick<CommandHost, 'print' | 'stopped'>): Command {
  return new Command('simulate')
    .description('run a simulated Gemini API with webhooks on this machine, for an app under development')
    .option('--port <port>', 'port on 127.0.0.1; 0 for any free port', number, DEFAULT_PORT)
    .option('--api-key <key>', 'API key it accepts', 'key-of-the-simulator')
    .option('--speed <factor>', 'speed of its clock, as a multiple of real time', number, 1)
    .option('--batch-seconds <seconds>', 'duration of a batch, by its clock', number, DEFAULT_SECONDS)
    .option('--video-seconds <seconds>', 'duration of a video', number, DEFAULT_SECONDS)
    .option('--interaction-seconds <seconds>', 'duration of an interaction', number, DEFAULT_SECONDS)
    .addOption(
      new Option('--signature <scheme>', 'signature scheme of dynamic webhooks').choices(['v1a', 'jwt']).default('v1a'),
    )
    .addOption(listOption('--model <name>', "model to serve besides Gemini's current ones (repeatable)"))
    .addOption(listOption('--agent <name>', 'agent to serve besides the deep research agents (repeatable)'))
    .addOption(
      new Option('--video-event <event>', 'event sent when a video ends').choices(VIDEO_EVENTS).default('none'),
    )
    .addOption(
      new Option('--video-result <form>', 'form of a finished video: the URI of a file, or base64 data')
        .choices(VIDEO_RESULTS)
        .default('uri'),
    )
    .option(
      '--file-processing-seconds <seconds>',
      'time that the file of a video stays PROCESSING before it is ACTIVE',
      number,
      0,
    )
    .addOption(
      new Option(
        '--fault <fault>',
        'fault to inject: lose, delay:delayMs=5000,kind=video, not_found:times=2, api_error:status=503 (repeatable)',
      )
        .argParser((text, previous: readonly SimulatorFault[]) => [...previous, faultArgument(text)])
        .default([], 'nothing'),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: SimulateOptions) => simulate(options, host));
}

function listOption(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((name, previous: readonly string[]) => [...previous, name])
    .default([], 'none');
}

const EXAMPLES = `
Examples:
  $ npx nestjs-gemini-webhooks simulate
  Jobs that finish at once, with the first webhook of a batch lost:
    $ npx nestjs-gemini-webhooks simulate --speed 1000 --fault lose:kind=batch,times=1
  Events for videos, which Gemini has not been observed to send:
    $ npx nestjs-gemini-webhooks simulate --video-event interaction.completed`;

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
    models: options.model,
    agents: options.agent,
    videoEvent: options.videoEvent,
    videoResult: options.videoResult,
    fileProcessingMs: options.fileProcessingSeconds * 1000,
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
    `Simulated Gemini API: ${baseUrl}`,
    `API key: ${apiKey}`,
    `JWKS: ${jwksUrl}`,
    '',
    'Set in the environment of your app:',
    `GEMINI_API_KEY=${apiKey}`,
    `GOOGLE_GEMINI_BASE_URL=${baseUrl}`,
    `GEMINI_WEBHOOK_JWKS_URL=${jwksUrl}`,
    'For webhooks of its jobs, also GEMINI_WEBHOOK_PUBLIC_URL: where your app listens, such as http://localhost:3000',
    '',
    'API calls and deliveries follow. Stop with Ctrl-C.',
  ];
}
