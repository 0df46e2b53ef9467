import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import { show } from '../../config/option-checks.js';
import { checkObject } from '../../shared/check-object.js';
import { isObject } from '../../shared/is-object.js';

/** Options of a simulated Gemini API. */
export interface GeminiSimulatorOptions {
  /**
   * Port on 127.0.0.1; 0 for any free port.
   * @default 0
   */
  readonly port?: number;
  /**
   * The only accepted API key. Calls with another key are refused as Google refuses them.
   * @default 'key-of-the-simulator'
   */
  readonly apiKey?: string;
  /**
   * `real` runs the clock; `manual` moves it only by `advance`.
   * @default 'real'
   */
  readonly time?: 'real' | 'manual';
  /**
   * Speed of a running clock, as a multiple of the machine's.
   * @default 1
   */
  readonly speed?: number;
  /**
   * Duration of jobs by kind, in milliseconds of the simulator's clock. `Infinity`: until `finish`.
   * @default 2000 for each kind
   */
  readonly durations?: Readonly<Partial<Record<GeminiResourceKind, number>>>;
  /**
   * Signature scheme of dynamic deliveries: `v1a` as observed live, `jwt` as Google documents it.
   * @default 'v1a'
   */
  readonly signature?: 'v1a' | 'jwt';
  /**
   * `aud` of dynamic deliveries signed as a JWT. Google has not published its value.
   * @default the URI of the delivery without its query
   */
  readonly audience?: string;
  /**
   * Position of `user_metadata` in a delivery's body: beside `data`, or in it. Google has not published it.
   * @default 'top'
   */
  readonly metadataAt?: 'top' | 'data';
  /**
   * Event published when an interaction pauses for a tool. Both have been observed.
   * @default 'interaction.requires_action'
   */
  readonly pauseEvent?: 'interaction.requires_action' | 'interaction.completed';
  /**
   * Models to serve besides the built-in ones: the current text, Omni and embedding models. A call for any other model
   * returns 404.
   * @default []
   */
  readonly models?: readonly string[];
  /**
   * Agents to serve besides the deep research agents.
   * @default []
   */
  readonly agents?: readonly string[];
  /**
   * Events published when a video ends. None has been observed so far (google-gemini/cookbook#1297), and Google has not
   * published which to expect. In every mode but `none`, a failed video publishes `interaction.failed` and a cancelled
   * one `interaction.cancelled`; a filtered one publishes `interaction.completed` in modes that send this event.
   * @default 'none'
   */
  readonly videoEvent?: 'none' | 'interaction.completed' | 'video.generated' | 'both';
  /**
   * Form of a finished video: the URI of a file, base64 `data`, or the form requested by `response_format.delivery`
   * (default `inline`). Observed live: always `uri`; Google documents `data`.
   * @default 'uri'
   */
  readonly videoResult?: 'uri' | 'data' | 'as_requested';
  /**
   * Size of each video in bytes: the sample video, padded with an empty box at its end.
   * @default the size of the sample video, about 1.6 kB
   */
  readonly videoBytes?: number;
  /**
   * Time that a generated video's file stays `PROCESSING` before it is `ACTIVE`, in milliseconds of the simulator's
   * clock. `Infinity`: forever.
   * @default 0
   */
  readonly fileProcessingMs?: number;
  /** Called for each completed API call and each delivery attempt with one line, without queries, secrets or bodies. */
  readonly log?: (line: string) => void;
}

/** Validated options with defaults. */
export interface SimulatorConfig {
  readonly port: number;
  readonly apiKey: string;
  readonly time: 'real' | 'manual';
  readonly speed: number;
  readonly durations: Readonly<Record<GeminiResourceKind, number>>;
  readonly signature: 'v1a' | 'jwt';
  readonly audience: string | undefined;
  readonly metadataAt: 'top' | 'data';
  readonly pauseEvent: NonNullable<GeminiSimulatorOptions['pauseEvent']>;
  readonly models: readonly string[];
  readonly agents: readonly string[];
  readonly videoEvent: NonNullable<GeminiSimulatorOptions['videoEvent']>;
  readonly videoResult: NonNullable<GeminiSimulatorOptions['videoResult']>;
  readonly videoBytes: number;
  readonly fileProcessingMs: number;
  readonly log: (line: string) => void;
}

/** Allowed values of the options. */
export const VIDEO_EVENTS = ['none', 'interaction.completed', 'video.generated', 'both'] as const;
export const VIDEO_RESULTS = ['uri', 'data', 'as_requested'] as const;

/** Less than the 2 GB of an uploaded file, because videos are held in memory. */
const MAX_VIDEO_BYTES = 256 * 1024 * 1024;
const DEFAULT_DURATIONS = { batch: 2000, video: 2000, interaction: 2000 } as const;

/** @throws GeminiWebhooksError `invalid_argument` with the option, its value and the allowed values */
export function simulatorConfig(options: GeminiSimulatorOptions): SimulatorConfig {
  checkObject('GeminiSimulator', options, { code: 'invalid_argument' });
  const { port = 0, apiKey = 'key-of-the-simulator', time = 'real', speed = 1, durations = {} } = options;
  const { signature = 'v1a', metadataAt = 'top', audience, log = () => {} } = options;
  const { pauseEvent = 'interaction.requires_action', models = [], agents = [] } = options;
  const { videoEvent = 'none', videoResult = 'uri', videoBytes = 0, fileProcessingMs = 0 } = options;
  check('port', port, Number.isSafeInteger(port) && port >= 0 && port <= 65_535, 'a whole number from 0 to 65535');
  check('apiKey', describeKey(apiKey), typeof apiKey === 'string' && apiKey !== '', 'a non-empty string');
  check('time', time, time === 'real' || time === 'manual', `'real' or 'manual'`);
  check('speed', speed, Number.isFinite(speed) && speed > 0, 'a number above 0');
  check('signature', signature, signature === 'v1a' || signature === 'jwt', `'v1a' or 'jwt'`);
  check('metadataAt', metadataAt, metadataAt === 'top' || metadataAt === 'data', `'top' or 'data'`);
  const pauseEvents = ['interaction.requires_action', 'interaction.completed'];
  check('pauseEvent', pauseEvent, pauseEvents.includes(pauseEvent), pauseEvents.join(' or '));
  check('models', models, isListOfNames(models), 'a list of names');
  check('agents', agents, isListOfNames(agents), 'a list of names');
  check('videoEvent', videoEvent, VIDEO_EVENTS.includes(videoEvent), VIDEO_EVENTS.join(', '));
  check('videoResult', videoResult, VIDEO_RESULTS.includes(videoResult), VIDEO_RESULTS.join(', '));
  const isSize = Number.isSafeInteger(videoBytes) && videoBytes >= 0 && videoBytes <= MAX_VIDEO_BYTES;
  check('videoBytes', videoBytes, isSize, `a whole number of bytes up to ${MAX_VIDEO_BYTES}`);
  const isTime = typeof fileProcessingMs === 'number' && fileProcessingMs >= 0;
  check('fileProcessingMs', fileProcessingMs, isTime, 'milliseconds from 0, or Infinity');
  check('log', log, typeof log === 'function', 'a function');
  check('durations', durations, isObject(durations), 'an object: { batch, video, interaction }');
  for (const [kind, ms] of Object.entries(durations)) {
    check(`durations.${kind}`, ms, Object.hasOwn(DEFAULT_DURATIONS, kind), Object.keys(DEFAULT_DURATIONS).join(', '));
    check(`durations.${kind}`, ms, typeof ms === 'number' && ms >= 0, 'milliseconds from 0, or Infinity');
  }
  const all = { ...DEFAULT_DURATIONS, ...durations };
  return {
    port,
    apiKey,
    time,
    speed,
    durations: all,
    signature,
    audience,
    metadataAt,
    pauseEvent,
    models,
    agents,
    videoEvent,
    videoResult,
    videoBytes,
    fileProcessingMs,
    log,
  };
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
}

/** @throws GeminiWebhooksError `invalid_argument` */
function check(option: string, given: unknown, isValid: boolean, expected: string): void {
  if (isValid) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiSimulator: ${option}: got ${show(given)}. Give ${expected}.`,
  );
}

/** Hides the API key, which may be a real one passed by mistake. */
function describeKey(apiKey: unknown): unknown {
  return typeof apiKey === 'string' ? '' : apiKey;
}
