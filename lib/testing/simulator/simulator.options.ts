import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import { show } from '../../option-checks.js';

/** How a simulated Gemini API is set up. */
export interface GeminiSimulatorOptions {
  /**
   * The port on 127.0.0.1; 0 is any that is free.
   * @default 0
   */
  readonly port?: number;
  /**
   * The only API key that is taken. Calls with another are refused as Google refuses them.
   * @default 'key-of-the-simulator'
   */
  readonly apiKey?: string;
  /**
   * Whether time passes by itself or only by `advance`.
   * @default 'real'
   */
  readonly time?: 'real' | 'manual';
  /**
   * How many times as fast as the machine's the simulator's time runs, when it runs by itself.
   * @default 1
   */
  readonly speed?: number;
  /**
   * After how many milliseconds of the simulator's time jobs of a kind end. `Infinity`: not before `finish`.
   * @default 2000 for each kind
   */
  readonly durations?: Readonly<Partial<Record<GeminiResourceKind, number>>>;
  /**
   * How dynamic deliveries are signed: `v1a` as seen live, `jwt` as Google documents it.
   * @default 'v1a'
   */
  readonly signature?: 'v1a' | 'jwt';
  /**
   * The `aud` of dynamic deliveries signed as a JWT. Google has not published what it is.
   * @default the URI of the delivery without its query
   */
  readonly audience?: string;
  /**
   * Where a delivery's body holds `user_metadata`: beside `data`, or in it. Google has not published it.
   * @default 'top'
   */
  readonly metadataAt?: 'top' | 'data';
  /**
   * How an interaction's pause for a tool is announced. Both have been seen.
   * @default 'interaction.requires_action'
   */
  readonly pauseEvent?: 'interaction.requires_action' | 'interaction.completed';
  /** Hears each call answered and each delivery attempted as one line without queries, secrets or bodies. */
  readonly log?: (line: string) => void;
}

/** The options with their defaults, checked. */
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
  readonly log: (line: string) => void;
}

const DEFAULT_DURATIONS = { batch: 2000, video: 2000, interaction: 2000 } as const;

/** @throws GeminiWebhooksError `invalid_argument` with the option, what was given and what it may be */
export function simulatorConfig(options: GeminiSimulatorOptions): SimulatorConfig {
  const { port = 0, apiKey = 'key-of-the-simulator', time = 'real', speed = 1, durations = {} } = options;
  const { signature = 'v1a', metadataAt = 'top', audience, log = () => {} } = options;
  const { pauseEvent = 'interaction.requires_action' } = options;
  check('port', port, Number.isSafeInteger(port) && port >= 0 && port <= 65_535, 'a whole number from 0 to 65535');
  check('apiKey', describeKey(apiKey), typeof apiKey === 'string' && apiKey !== '', 'a string that is not empty');
  check('time', time, time === 'real' || time === 'manual', `'real' or 'manual'`);
  check('speed', speed, Number.isFinite(speed) && speed > 0, 'a number above 0');
  check('signature', signature, signature === 'v1a' || signature === 'jwt', `'v1a' or 'jwt'`);
  check('metadataAt', metadataAt, metadataAt === 'top' || metadataAt === 'data', `'top' or 'data'`);
  const announced = ['interaction.requires_action', 'interaction.completed'];
  check('pauseEvent', pauseEvent, announced.includes(pauseEvent), announced.join(' or '));
  for (const [kind, ms] of Object.entries(durations)) {
    check(`durations.${kind}`, ms, Object.hasOwn(DEFAULT_DURATIONS, kind), Object.keys(DEFAULT_DURATIONS).join(', '));
    check(`durations.${kind}`, ms, typeof ms === 'number' && ms >= 0, 'milliseconds from 0 on, or Infinity');
  }
  const all = { ...DEFAULT_DURATIONS, ...durations };
  return { port, apiKey, time, speed, durations: all, signature, audience, metadataAt, pauseEvent, log };
}

/** @throws GeminiWebhooksError `invalid_argument` */
function check(option: string, given: unknown, isFit: boolean, todo: string): void {
  if (isFit) return;
  throw new GeminiWebhooksError('invalid_argument', `GeminiSimulator: ${option}: got ${show(given)}. Give ${todo}.`);
}

/** An API key may be a real one that was passed by mistake: its text is in no message. */
function describeKey(apiKey: unknown): unknown {
  return typeof apiKey === 'string' ? '' : apiKey;
}
