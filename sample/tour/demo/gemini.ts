import { GoogleGenAI } from '@google/genai';
import { GeminiSimulator, type JobEnd } from 'nestjs-gemini-webhooks/testing';

/** After how long Gemini's first retry comes, in the simulator's time. */
const FIRST_RETRY_MS = 10_000;
const LOOKUPS = ['batches.get', 'batches.list', 'operations.getVideosOperation'];

/** Gemini, simulated, in a time that only moves when it is told to: what happens to jobs happens when a scene wants it. */
export class DemoGemini {
  readonly #simulator: GeminiSimulator;
  readonly #ai: GoogleGenAI;

  private constructor(
    simulator: GeminiSimulator,
    ai: GoogleGenAI,
    /** The signing secret of the project's static webhook. */
    readonly secret: string,
  ) {
    this.#simulator = simulator;
    this.#ai = ai;
  }

  /** @param webhookUri where the project's static webhook leads */
  static async start(webhookUri: string): Promise<DemoGemini> {
    const simulator = await GeminiSimulator.start({ time: 'manual' });
    try {
      // Said outright: the shell may ask for Vertex AI.
      const ai = new GoogleGenAI({ ...simulator.clientOptions, vertexai: false });
      const { new_signing_secret: secret = '' } = await ai.webhooks.create({
        name: 'sample',
        uri: webhookUri,
        subscribed_events: ['batch.succeeded', 'batch.failed', 'batch.expired', 'video.generated'],
      });
      return new DemoGemini(simulator, ai, secret);
    } catch (error) {
      await simulator.close();
      throw error;
    }
  }

  get url(): string {
    return this.#simulator.baseUrl;
  }

  /** What an app is told of its project. An empty value counts as none, whatever the shell has set. */
  get environment(): Readonly<Record<string, string>> {
    return {
      GEMINI_API_KEY: this.#simulator.apiKey,
      GOOGLE_API_KEY: '',
      GOOGLE_GEMINI_BASE_URL: this.#simulator.baseUrl,
      GEMINI_WEBHOOK_SECRET: this.secret,
      GEMINI_WEBHOOK_JWKS_URL: this.#simulator.jwksUrl,
      GEMINI_WEBHOOK_AUDIENCE: '',
    };
  }

  /** How often it was asked how a job stands. */
  get lookups(): number {
    return LOOKUPS.reduce((sum, operation) => sum + this.#simulator.countOf(operation), 0);
  }

  /** A batch of another program of the project, by the SDK alone. */
  async startBatch(): Promise<string> {
    const line = { key: 'text-0', request: { contents: [{ parts: [{ text: 'Translate: good morning' }] }] } };
    const input = await this.#ai.files.upload({
      file: new Blob([JSON.stringify(line)]),
      config: { mimeType: 'application/jsonl' },
    });
    const { name } = await this.#ai.batches.create({ model: 'gemini-3-flash', src: input.name! });
    return name!;
  }

  /** Ends a job. Resolves when its webhook has been answered. */
  async end(job: string, end?: JobEnd): Promise<void> {
    this.#simulator.finish(job, end);
    await this.#simulator.idle();
  }

  /** Its time moves on until it sends again what was not acknowledged. */
  async sendAgain(): Promise<void> {
    await this.#simulator.advance(FIRST_RETRY_MS);
  }

  /** What happens to the webhook of the next job that ends: nobody gets it, or it comes twice, or another's comes too. */
  mishap(fault: 'lose' | 'duplicate' | 'foreign'): void {
    this.#simulator.inject({ fault, times: 1 });
  }

  async close(): Promise<void> {
    await this.#simulator.close();
  }
}
