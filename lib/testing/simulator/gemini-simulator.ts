import { GeminiWebhooksError } from '../../errors.js';
import { ApiServer, type AnsweredCall } from './api-server.js';
import { batchesResource } from './batches.js';
import { BoundedLog } from './bounded-log.js';
import { ManualClock, RealClock } from './clock.js';
import { EventEmitter } from './event-emitter.js';
import { Faults, type SimulatorFault } from './faults.js';
import { filesResource, type FileStore } from './files.js';
import { GoogleKeys } from './google-keys.js';
import { interactionsResource } from './interactions.js';
import { callLine, deliveryLine } from './log-lines.js';
import { requestFaultOf } from './request-faults.js';
import { RequestLog, type SimulatedRequest } from './request-log.js';
import type { JobEnd, SimulatedResource } from './simulated-api.js';
import { simulatorContext } from './simulator-context.js';
import { simulatorConfig, type GeminiSimulatorOptions, type SimulatorConfig } from './simulator.options.js';
import { Underway } from './underway.js';
import { videosResource } from './videos.js';
import { StaticWebhooks } from './webhooks.js';
import { WebhookSender, type SimulatedDelivery } from './webhook-sender.js';

const JWKS_PATH = '/.well-known/jwks.json';
const DELIVERIES_KEPT = 100_000;

/**
 * A Gemini API on 127.0.0.1 for `@google/genai`: batches, files, videos, interactions, static webhooks and the key set,
 * with deliveries that are signed and tried again as Gemini's are, and faults on demand. It shares no code with what
 * verifies deliveries.
 *
 * @example
 * const gemini = await GeminiSimulator.start();
 * const ai = new GoogleGenAI(gemini.clientOptions);
 * // GeminiWebhooksModule.forRoot({ gemini: ai, jwks: { url: gemini.jwksUrl }, … })
 * await gemini.close();
 */
export class GeminiSimulator {
  /**
   * What `new GoogleGenAI(…)` and the module's `gemini` are given. It names `fetch`, since without one the client of
   * `@google/genai` 2.32 looks for a dispatcher that Jest's environment does not have.
   */
  readonly clientOptions: {
    readonly apiKey: string;
    readonly httpOptions: { readonly baseUrl: string; readonly fetch: typeof fetch };
  };
  /** `http://127.0.0.1:<port>`: the `httpOptions.baseUrl` of `@google/genai`. */
  readonly baseUrl: string;
  /** The API key that it takes. */
  readonly apiKey: string;
  /** Where its keys are: the module's `jwks.url`. */
  readonly jwksUrl: string;
  /** Its files: put some there without uploading them, read what was made, break downloads. */
  readonly files: FileStore;

  readonly #server: ApiServer;
  readonly #config: SimulatorConfig;
  readonly #clock: RealClock | ManualClock;
  readonly #underway = new Underway();
  readonly #faults = new Faults();
  readonly #keys = new GoogleKeys();
  readonly #calls = new RequestLog();
  readonly #sent = new BoundedLog<SimulatedDelivery>(DELIVERIES_KEPT);
  readonly #sender: WebhookSender;
  readonly #resources: readonly SimulatedResource[];
  readonly #closeFiles: () => Promise<void>;

  private constructor(server: ApiServer, config: SimulatorConfig) {
    this.#server = server;
    this.#config = config;
    this.baseUrl = server.baseUrl;
    this.apiKey = config.apiKey;
    this.clientOptions = {
      apiKey: this.apiKey,
      httpOptions: { baseUrl: this.baseUrl, fetch: (...request) => fetch(...request) },
    };
    this.jwksUrl = this.baseUrl + JWKS_PATH;
    this.#clock =
      config.time === 'real'
        ? new RealClock(config.speed, (work) => this.#underway.track(work))
        : new ManualClock(() => this.idle());
    this.#sender = new WebhookSender(this.#clock, this.#underway, (delivery) => this.#delivered(delivery));
    const parts = {
      config,
      clock: this.#clock,
      faults: this.#faults,
      keys: this.#keys,
      sender: this.#sender,
      underway: this.#underway,
    };
    const emitter: EventEmitter = new EventEmitter({ ...parts, subscribers: (type) => webhooks.subscribers(type) });
    const webhooks = new StaticWebhooks({ clock: this.#clock, ping: (...of) => emitter.ping(...of) });
    const context = simulatorContext({ ...parts, baseUrl: this.baseUrl, emitter });
    const { resource: fileRoutes, files, close } = filesResource(context);
    this.files = files;
    this.#closeFiles = close;
    this.#resources = [
      batchesResource(context, files),
      videosResource(context, files),
      interactionsResource(context, this.#config),
      fileRoutes,
      webhooks,
    ];
  }

  /** @throws GeminiWebhooksError `invalid_argument` for an option @throws what listening on the port fails with */
  static async start(options: GeminiSimulatorOptions = {}): Promise<GeminiSimulator> {
    const config = simulatorConfig(options);
    const server = await ApiServer.listen(config.port);
    const simulator = new GeminiSimulator(server, config);
    server.open({
      apiKey: config.apiKey,
      routes: [...simulator.#resources.flatMap(({ routes }) => routes), simulator.#keySetRoute()],
      withoutKey: new Set(['jwks']),
      faultOf: (operation) => requestFaultOf(simulator.#faults, operation),
      answered: (call) => simulator.#answered(call),
    });
    return simulator;
  }

  /** The last 90,000 to 100,000 API calls, in the order in which they were answered. */
  get requests(): readonly SimulatedRequest[] {
    return this.#calls.entries;
  }

  /** The last 90,000 to 100,000 attempts at deliveries, in the order in which they were answered or given up. */
  get deliveries(): readonly SimulatedDelivery[] {
    return this.#sent.entries;
  }

  /** Its time, in Unix milliseconds. Starts at the machine's. */
  now(): number {
    return this.#clock.now();
  }

  /** How many calls of an operation (`batches.get`) were answered since the start, of all resources or of one. */
  countOf(operation: string, name?: string): number {
    return this.#calls.countOf(operation, name);
  }

  /**
   * Moves manual time on: runs all that falls due, in order, and resolves when it is done, deliveries and their answers
   * included. Do not await it in a handler of such a delivery.
   *
   * @throws GeminiWebhooksError `invalid_argument` in real time, or for anything but a finite number from 0 on
   */
  async advance(ms: number): Promise<void> {
    if (!(this.#clock instanceof ManualClock)) throw invalid(`advance: start it with time: 'manual'.`);
    if (!Number.isFinite(ms) || ms < 0) throw invalid('advance: give milliseconds from 0 on.');
    await this.#clock.advance(ms);
  }

  /** Resolves when nothing is being sent right now. What waits for its time is not. */
  idle(): Promise<void> {
    return this.#underway.idle();
  }

  /**
   * Ends a job now.
   *
   * @param name its resource name
   * @param end how; the way it was to end anyway unless given
   * @throws GeminiWebhooksError `invalid_argument` for a job that is unknown or has ended, and for an end it cannot have
   */
  finish(name: string, end?: JobEnd): void {
    for (const resource of this.#resources) {
      const finished = resource.finish?.(name, end) ?? false;
      if (finished instanceof Promise) this.#underway.track(finished);
      if (finished !== false) return;
    }
    throw invalid(`finish: no job ${JSON.stringify(name)} is running.`);
  }

  /** Sets a fault. @returns what removes it @throws GeminiWebhooksError `invalid_argument` */
  inject(fault: SimulatorFault): () => void {
    return this.#faults.add(fault);
  }

  /** Replaces all keys that dynamic deliveries are signed with. What was signed before verifies no longer. */
  rotateKeys(): void {
    this.#keys.rotate();
  }

  /** Ends everything: no call is answered and nothing is sent from here on. May be called twice. */
  async close(): Promise<void> {
    this.#clock.stop();
    this.#sender.close();
    await this.#server.close();
    await this.#underway.idle();
    await this.#closeFiles();
  }

  #keySetRoute(): SimulatedResource['routes'][number] {
    return {
      method: 'GET',
      path: /^\/\.well-known\/jwks\.json$/,
      operation: 'jwks',
      handle: async () => ({ json: await this.#keys.jwks() }),
    };
  }

  #answered(call: AnsweredCall): void {
    this.#config.log(callLine(this.#calls.add(call, this.now())));
  }

  #delivered(delivery: SimulatedDelivery): void {
    this.#sent.add(delivery);
    this.#config.log(deliveryLine(delivery));
  }
}

function invalid(why: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiSimulator.${why}`);
}
