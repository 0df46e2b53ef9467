import { GeminiWebhooksError } from '../errors.js';
import { show } from '../config/option-checks.js';
import { describe } from '../shared/check-object.js';

/** One scene of a film: its prompt, or its prompt and its length. */
export type FilmScene =
  | string
  | {
      readonly prompt: string;
      /**
       * Length of the scene's clip in whole seconds, from 3 to 10.
       * @default 8
       */
      readonly seconds?: number | undefined;
    };

/** Options of `planFilm`. */
export interface PlanFilmOptions {
  /**
   * Max length of the whole film in whole seconds, to limit its cost.
   * @default no maximum
   */
  readonly maxSeconds?: number | undefined;
  /**
   * Start of each chain after the first: the last frame of the chain before it, or reference images shared by all chains.
   * @default 'last_frame'
   */
  readonly begins?: 'last_frame' | 'references' | undefined;
}

/** Result of `planFilm`. */
export interface FilmPlan {
  /** Chains in the order in which they are joined. */
  readonly chains: readonly FilmChain[];
  /** Length of the whole film in seconds. */
  readonly seconds: number;
}

/** A clip and its extensions: one video of at most 40 s. */
export interface FilmChain {
  /** Input of its first clip. `text` is the prompt alone. */
  readonly begins: 'text' | 'last_frame' | 'references';
  /** The first is started with `createVideo`, each later one with `extendVideo`. */
  readonly scenes: readonly PlannedScene[];
  /** Length of the chain in seconds. */
  readonly seconds: number;
}

/** A scene and its place in the film. */
export interface PlannedScene {
  /** Its position in the list given to `planFilm`, from 0. */
  readonly index: number;
  readonly prompt: string;
  readonly seconds: number;
  /** Seconds from the beginning of its chain: the length of the video that it extends. */
  readonly startsAt: number;
}

/** Omni 1.1 creates clips of 3 to 10 s and extends a video up to 40 s (Gemini API documentation of Omni video). */
const MIN_CLIP_SECONDS = 3;
const MAX_CLIP_SECONDS = 10;
const DEFAULT_CLIP_SECONDS = 8;
const MAX_CHAIN_SECONDS = 40;

/**
 * Divides a film into chains of at most 40 s, the max length of an extended video. Scenes keep their order and are never
 * split. Starts no jobs.
 *
 * Start the first scene of a chain with `createVideo` and each later one with `extendVideo`, then join the chains' files:
 *
 * ```sh
 * # the image from which the next chain begins
 * ffmpeg -sseof -1 -i chain-1.mp4 -update 1 last-frame.png
 *
 * # the film, without encoding anything again (the chains must have the same resolution and aspect ratio)
 * printf "file '%s'\n" chain-1.mp4 chain-2.mp4 > chains.txt
 * ffmpeg -f concat -safe 0 -i chains.txt -c copy film.mp4
 * ```
 *
 * @example
 * const { chains } = planFilm(['A fox wakes up.', { prompt: 'It crosses a river.', seconds: 5 }], { maxSeconds: 120 });
 * @throws GeminiWebhooksError `invalid_argument` naming the scene or the option, also if the film is longer than
 *   `maxSeconds`
 */
export function planFilm(scenes: readonly FilmScene[], options: PlanFilmOptions = {}): FilmPlan {
  if (!Array.isArray(scenes) || scenes.length === 0) {
    invalid('scenes', `got ${describe(scenes)}`, 'Give a list with at least one scene.');
  }
  const { maxSeconds, begins } = checkOptions(options);
  const checked = Array.from(scenes, checkScene);
  checkLength(checked, maxSeconds);
  const chains = divide(checked).map((chain, position) => ({
    begins: position === 0 ? ('text' as const) : begins,
    scenes: chain,
    seconds: total(chain),
  }));
  return { chains, seconds: total(checked) };
}

type CheckedScene = Omit<PlannedScene, 'startsAt'>;

function divide(scenes: readonly CheckedScene[]): PlannedScene[][] {
  const chains: PlannedScene[][] = [];
  for (const scene of scenes) {
    const current = chains.at(-1);
    const startsAt = current ? total(current) : 0;
    if (current && startsAt + scene.seconds <= MAX_CHAIN_SECONDS) current.push({ ...scene, startsAt });
    else chains.push([{ ...scene, startsAt: 0 }]);
  }
  return chains;
}

function checkLength(scenes: readonly CheckedScene[], maxSeconds: number): void {
  let seconds = 0;
  for (const scene of scenes) {
    seconds += scene.seconds;
    if (seconds > maxSeconds) {
      invalid(
        'maxSeconds',
        `is ${maxSeconds}, and scenes[${scene.index}] ends at ${seconds} s`,
        `Leave out scenes from scenes[${scene.index}] on, make them shorter, or give a larger maxSeconds.`,
      );
    }
  }
}

function checkScene(scene: unknown, index: number): CheckedScene {
  if (typeof scene === 'string')
    return { index, prompt: checkPrompt(`scenes[${index}]`, scene), seconds: DEFAULT_CLIP_SECONDS };
  if (typeof scene !== 'object' || scene === null || Array.isArray(scene)) {
    invalid(`scenes[${index}]`, `got ${show(scene)}`, 'Give a prompt, or { prompt, seconds }.');
  }
  const { prompt, seconds, ...rest } = scene as { readonly prompt?: unknown; readonly seconds?: unknown };
  refuseOthers(`scenes[${index}].`, rest, 'A scene has prompt and seconds.');
  return {
    index,
    prompt: checkPrompt(`scenes[${index}].prompt`, prompt),
    seconds:
      seconds === undefined
        ? DEFAULT_CLIP_SECONDS
        : checkSeconds(`scenes[${index}].seconds`, seconds, MIN_CLIP_SECONDS, MAX_CLIP_SECONDS),
  };
}

function checkPrompt(name: string, prompt: unknown): string {
  if (typeof prompt === 'string' && prompt.trim() !== '') return prompt;
  return invalid(name, `got ${show(prompt)}`, 'Give a prompt that says what the scene shows.');
}

function checkOptions(options: PlanFilmOptions): Required<{ maxSeconds: number; begins: 'last_frame' | 'references' }> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    invalid('options', `got ${show(options)}`, 'Give { maxSeconds, begins }, or leave it out.');
  }
  const { maxSeconds, begins = 'last_frame', ...rest } = options;
  refuseOthers('', rest, 'The options are maxSeconds and begins.');
  if (begins !== 'last_frame' && begins !== 'references') {
    invalid('begins', `got ${show(begins)}`, "Give 'last_frame' or 'references'.");
  }
  return {
    maxSeconds: maxSeconds === undefined ? Infinity : checkSeconds('maxSeconds', maxSeconds, MIN_CLIP_SECONDS),
    begins,
  };
}

function checkSeconds(name: string, value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  return invalid(name, `got ${show(value)}`, `Give a whole number of seconds ${bounds}.`);
}

/** A misspelled option would be ignored silently. */
function refuseOthers(prefix: string, rest: object, todo: string): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) invalid(`${prefix}${name}`, 'is unknown', todo);
}

function total(scenes: readonly { readonly seconds: number }[]): number {
  return scenes.reduce((sum, { seconds }) => sum + seconds, 0);
}

function invalid(parameter: string, given: string, todo: string): never {
  throw new GeminiWebhooksError('invalid_argument', `planFilm: ${parameter}: ${given}. ${todo}`);
}
