import { GeminiWebhooksError } from '../../errors.js';
import { ApiServer, type CompletedCall } from './api-server.js';
import { batchesResource } from './batches.js';
import { BoundedLog } from './bounded-log.js';
import { ManualClock, RealClock } from './clock.js';
import { EventEmitter } from './event-emitter.js';
import { Faults, type SimulatorFault } from './faults.js';
import { filesResource, type FileStore } from './files.js';
import { GoogleKeys } from './google-keys.js';
import { interactionsResource } from './interactions.js';
import { callLine, deliveryLine } from './log-lines.js';
import { modelsResource } from './models.js';
import { requestFaultOf } from './request-faults.js';
import { RequestLog, type SimulatedRequest } from './request-log.js';
import type { JobEnd, SimulatedResource } from './simulated-api.js';
import { simulatorContext } from './simulator-context.js';
import { simulatorConfig, type GeminiSimulatorOptions, type SimulatorConfig } from './simulator.options.js';
import { PendingWork } from './pending-work.js';
import { StaticWebhooks } from './webhooks.js';
import { WebhookSender, type SimulatedDelivery } from './webhook-sender.js';

const JWKS_PATH = '/.well-known/jwks.json';
const MAX_DELIVERIES = 100_000;

/**
 * Simulated Gemini API on 127.0.0.1 for `@google/genai`: batches, files, interactions (including Omni videos and deep
 * research), static webhooks and the key set. Signs and retries deliveries like Gemini, and injects faults. Serves `/v1`,
 * `/v1beta` and `/v1alpha` and only Gemini's models, and refuses what Gemini refuses (docs/wire.md). Shares no code with
 * the verifier of deliveries.
 *
 * Words in a prompt determine the outcome of an interaction: `[blocked]` is refused at the start with `content_blocked`, a
 * video with `[refused]` completes without a video, and `[fail]` fails. In a batch, `[fail]` fails only that request.
 *
 * @example
 * const gemini = await GeminiSimulator.start();
 * const ai = new GoogleGenAI(gemini.clientOptions);
 * // GeminiWebhooksModule.forRoot({ gemini: ai, jwks: { url: gemini.jwksUrl }, … })
 * await gemini.close();
 */
export class GeminiSimulator {
  /**
   * Options for `new GoogleGenAI(…)` and the module's `gemini`. They include `fetch`, because without it the client of
   * `@google/genai` 2.32 requires a dispatcher that Jest's environment lacks.
   */
  readonly clientOptions: {
    readonly apiKey: string;
    readonly httpOptions: { readonly baseUrl: string; readonly fetch: typeof fetch };
  };
  /** `http://127.0.0.1:<port>`: the `httpOptions.baseUrl` of `@google/genai`. */
  readonly baseUrl: string;
  /** API key it accepts. */
  readonly apiKey: string;
  /** URL of its key set, for the module's `jwks.url`. */
  readonly jwksUrl: string;
  /** Files of the simulated API: add some without uploading them, read generated ones, interrupt downloads. */
  readonly files: FileStore;

  readonly #server: ApiServer;
  readonly #config: SimulatorConfig;
  readonly #clock: RealClock | ManualClock;
  readonly #pendingWork = new PendingWork();
  readonly #faults = new Faults();
  readonly #keys = new GoogleKeys();
  readonly #calls = new RequestLog();
  readonly #sent = new BoundedLog<SimulatedDelivery>(MAX_DELIVERIES);
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
        ? new RealClock(config.speed, (work) => this.#pendingWork.track(work))
        : new ManualClock(() => this.idle());
    this.#sender = new WebhookSender(this.#clock, this.#pendingWork, (delivery) => this.#recordDelivery(delivery));
    const parts = {
      config,
      clock: this.#clock,
      faults: this.#faults,
      keys: this.#keys,
      sender: this.#sender,
      pendingWork: this.#pendingWork,
    };
    const emitter: EventEmitter = new EventEmitter({ ...parts, subscribers: (type) => webhooks.subscribers(type) });
    const webhooks = new StaticWebhooks({
      clock: this.#clock,
      ping: (target, webhookId) => emitter.ping(target, webhookId),
    });
    const context = simulatorContext({ ...parts, baseUrl: this.baseUrl, emitter });
    const { resource: fileRoutes, files, close } = filesResource(context);
    this.files = files;
    this.#closeFiles = close;
    this.#resources = [
      batchesResource(context, files),
      interactionsResource(context, files, this.#config),
      modelsResource(context),
      fileRoutes,
      webhooks,
    ];
  }

  /** @throws GeminiWebhooksError `invalid_argument` for an option @throws the error of listening on the port */
  static async start(options: GeminiSimulatorOptions = {}): Promise<GeminiSimulator> {
    const config = simulatorConfig(options);
    const server = await ApiServer.listen(config.port);
    const simulator = new GeminiSimulator(server, config);
    server.open({
      apiKey: config.apiKey,
      routes: [...simulator.#resources.flatMap(({ routes }) => routes), simulator.#keySetRoute()],
      withoutKey: new Set(['jwks']),
      faultOf: (operation) => requestFaultOf(simulator.#faults, operation),
      onCompleted: (call) => simulator.#recordCall(call),
    });
    return simulator;
  }

  /** The last 90,000 to 100,000 API calls, in the order of their responses. */
  get requests(): readonly SimulatedRequest[] {
    return this.#calls.entries;
  }

  /** The last 90,000 to 100,000 delivery attempts, in the order in which they ended. */
  get deliveries(): readonly SimulatedDelivery[] {
    return this.#sent.entries;
  }

  /** Time of its clock, in Unix milliseconds. Starts at the machine's time. */
  now(): number {
    return this.#clock.now();
  }

  /** Returns the number of completed calls of an operation (`batches.get`) since the start, for all resources or one. */
  countOf(operation: string, name?: string): number {
    return this.#calls.countOf(operation, name);
  }

  /**
   * Advances a manual clock: runs everything due, in order, and resolves when it is done, including deliveries and their
   * responses. Do not await it in a handler of such a delivery.
   *
   * @throws GeminiWebhooksError `invalid_argument` in real time, or for anything but a finite number from 0
   */
  async advance(ms: number): Promise<void> {
    if (!(this.#clock instanceof ManualClock)) throw invalid(`advance: requires time: 'manual'.`);
    if (!Number.isFinite(ms) || ms < 0) throw invalid('advance: give a finite number of milliseconds from 0.');
    await this.#clock.advance(ms);
  }

  /** Resolves when no delivery is being sent. Does not wait for scheduled ones. */
  idle(): Promise<void> {
    return this.#pendingWork.idle();
  }

  /**
   * Ends a job now.
   *
   * @param name its resource name
   * @param end outcome; by default the planned one
   * @throws GeminiWebhooksError `invalid_argument` for a job that is unknown or has ended, and for an end it cannot have
   */
  finish(name: string, end?: JobEnd): void {
    for (const resource of this.#resources) {
      const finished = resource.finish?.(name, end) ?? false;
      if (finished instanceof Promise) this.#pendingWork.track(finished);
      if (finished !== false) return;
    }
    throw invalid(`finish: no job ${JSON.stringify(name)} is running.`);
  }

  /**
   * Makes GET of a job return this status until the job ends, such as `requires_continuation` or an unknown one. A batch
   * returns its state verbatim: `BATCH_STATE_PAUSED`.
   *
   * @param name its resource name
   * @param status `undefined` returns the real status again
   * @throws GeminiWebhooksError `invalid_argument` for a job that is unknown or has ended
   */
  setStatus(name: string, status: string | undefined): void {
    if (this.#resources.some((resource) => resource.setStatus?.(name, status) ?? false)) return;
    throw invalid(`setStatus: no job ${JSON.stringify(name)} is running.`);
  }

  /** Injects a fault. @returns a function that removes it @throws GeminiWebhooksError `invalid_argument` */
  inject(fault: SimulatorFault): () => void {
    return this.#faults.add(fault);
  }

  /** Replaces all signing keys of dynamic deliveries. Earlier signatures no longer verify. */
  rotateKeys(): void {
    this.#keys.rotate();
  }

  /** Stops the server and all deliveries. Can be called twice. */
  async close(): Promise<void> {
    this.#clock.stop();
    this.#sender.close();
    await this.#server.close();
    await this.#pendingWork.idle();
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

  #recordCall(call: CompletedCall): void {
    this.#config.log(callLine(this.#calls.add(call, this.now())));
  }

  #recordDelivery(delivery: SimulatedDelivery): void {
    this.#sent.add(delivery);
    this.#config.log(deliveryLine(delivery));
  }
}

function invalid(why: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiSimulator.${why}`);
}
