import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../lib/testing/index.js';
import type { LiveState, WorkflowView } from '../../sample/page/page-api.js';
import { freePort } from '../integration/support/own-stores.js';
import { openQueue } from './queues.js';
import { SampleGeminiRelay } from './sample-gemini-relay.js';
import { buildSample, SampleProcess } from './sample-process.js';
import { until } from './until.js';

const DURATIONS = { batch: 200, video: 200, interaction: 200 };

/** How a sample is set up. */
export interface SampleOptions extends GeminiSimulatorOptions {
  /** Where the inbox is, unless it is on the sample's own database. */
  readonly inboxUrl?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** The sample with all that it needs: a database of its own, a simulated Gemini, and processes as a test wants them. */
export class Sample {
  readonly gemini: GeminiSimulator;
  /** Between the processes and Gemini. */
  readonly relay: SampleGeminiRelay;
  readonly database: Client;
  readonly origin: string;
  readonly filmsFolder = mkdtempSync(join(tmpdir(), 'sample-films-'));
  readonly #env: NodeJS.ProcessEnv;
  readonly #processes: SampleProcess[] = [];
  readonly #remove: () => Promise<void>;

  private constructor(
    gemini: GeminiSimulator,
    relay: SampleGeminiRelay,
    database: Client,
    databaseUrl: string,
    port: number,
    { inboxUrl, env }: SampleOptions,
  ) {
    this.gemini = gemini;
    this.relay = relay;
    this.database = database;
    this.origin = `http://127.0.0.1:${port}`;
    const queue = `sample-${randomUUID()}`;
    this.#env = {
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      GEMINI_WEBHOOK_INBOX_URL: inboxUrl ?? databaseUrl,
      GEMINI_API_KEY: gemini.apiKey,
      GOOGLE_GEMINI_BASE_URL: relay.url,
      GEMINI_WEBHOOK_JWKS_URL: gemini.jwksUrl,
      GEMINI_WEBHOOK_PUBLIC_URL: this.origin,
      GEMINI_WEBHOOK_BINDING_SECRET: 'a secret of the whole sample',
      JOBS_RECONCILE_AFTER_MS: '600000',
      INBOX_QUEUE: queue,
      INBOX_LOCK_MS: '1000',
      INBOX_RETRY_MS: '200',
      SAMPLE_ADMIN_PASSWORD: 'open sesame',
      SAMPLE_FILMS_DIR: this.filmsFolder,
      ...env,
    };
    this.#remove = async () => {
      if (inboxUrl === undefined) return;
      for (const name of [queue, `${queue}-jobs`]) {
        const opened = openQueue(inboxUrl, name) as Queue;
        await opened.obliterate({ force: true });
        await opened.close();
      }
    };
  }

  static async start(options: SampleOptions = {}): Promise<Sample> {
    const { inboxUrl: _inbox, env: _env, ...simulated } = options;
    buildSample();
    const url = await createDatabase();
    const database = new Client(url);
    await database.connect();
    const gemini = await GeminiSimulator.start({ durations: DURATIONS, ...simulated });
    const relay = await SampleGeminiRelay.start(gemini.baseUrl);
    return new Sample(gemini, relay, database, url, await freePort(), options);
  }

  web(env: NodeJS.ProcessEnv = {}): Promise<SampleProcess> {
    return this.#start('main.js', { SAMPLE_PROCESS: 'web-1', ...env });
  }

  worker(env: NodeJS.ProcessEnv = {}): Promise<SampleProcess> {
    return this.#start('worker.js', { SAMPLE_PROCESS: 'worker-1', ...env });
  }

  async #start(file: 'main.js' | 'worker.js', env: NodeJS.ProcessEnv): Promise<SampleProcess> {
    const started = await SampleProcess.start(file, { ...this.#env, ...env });
    this.#processes.push(started);
    return started;
  }

  /** Sends JSON as the page does. */
  async send(method: 'POST' | 'PUT', path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.origin + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Starts a workflow. @returns its id */
  async begin(path: 'batches' | 'films' | 'research', body: object = {}): Promise<string> {
    const answer = await this.send('POST', `/api/${path}`, body);
    if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return (answer.body as { id: string }).id;
  }

  /** What a page that is opened now gets. */
  async state(): Promise<LiveState> {
    const stop = new AbortController();
    const response = await fetch(`${this.origin}/api/live`, { signal: stop.signal });
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const [, data] = /event: state\nid: \d+\ndata: (.*)\n\n/.exec(text) ?? [];
      if (data === undefined) continue;
      stop.abort();
      return JSON.parse(data) as LiveState;
    }
    throw new Error('the live stream ended without a state');
  }

  async workflow(id: string): Promise<WorkflowView> {
    const { workflows } = await this.state();
    return workflows.find((workflow) => workflow.id === id)!;
  }

  /** Resolves with the workflow once it is so. */
  async workflowOnce(id: string, isSo: (workflow: WorkflowView) => boolean): Promise<WorkflowView> {
    let workflow!: WorkflowView;
    await until(async () => isSo((workflow = await this.workflow(id))), { withinMs: 60_000, everyMs: 50 });
    return workflow;
  }

  /** Resolves with the workflow when it has ended. */
  ended(id: string): Promise<WorkflowView> {
    return this.workflowOnce(id, ({ endedAt }) => endedAt !== null);
  }

  /** Rows of a query on the sample's store. */
  async rows<Row extends object>(query: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.database.query<Row>(query, values)).rows;
  }

  /** For `afterEach`: nothing of it is left. */
  async remove(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()));
    await this.relay.close();
    await this.gemini.close();
    const name = this.database.database!;
    await this.database.end();
    await this.#remove();
    await withServer((server) => server.query(`DROP DATABASE "${name}" WITH (FORCE)`));
    rmSync(this.filmsFolder, { recursive: true, force: true });
  }
}

async function createDatabase(): Promise<string> {
  const name = `sample_${randomUUID()}`;
  await withServer((server) => server.query(`CREATE DATABASE "${name}"`));
  const url = new URL(process.env['TEST_POSTGRES_URL']!);
  url.pathname = `/${name}`;
  return url.href;
}

async function withServer(work: (server: Client) => Promise<unknown>): Promise<void> {
  const server = new Client(process.env['TEST_POSTGRES_URL']);
  await server.connect();
  await work(server).finally(() => server.end());
}
