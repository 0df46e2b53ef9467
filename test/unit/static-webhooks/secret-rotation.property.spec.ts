import { GoogleGenAI, type GoogleGenAI as Client } from '@google/genai';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretKey } from '../../../lib/shared/signing-secret.js';
import { HmacKey } from '../../../lib/signature/hmac-key.js';
import { RotationStore } from '../../../lib/static-webhooks/rotation-store.js';
import type { SigningSecretStore } from '../../../lib/static-webhooks/signing-secret-store.js';
import { WatchedSecrets } from '../../../lib/static-webhooks/watched-secrets.js';
import { GeminiSimulator } from '../../../lib/testing/index.js';
import { SEED } from '../../support/seed.js';

jest.unstable_mockModule('../../../lib/shared/pause.js', () => ({ pause: async () => undefined }));
const { fileSecretStore } = await import('../../../lib/static-webhooks/file-secret-store.js');
const { GeminiWebhookEndpoints } = await import('../../../lib/static-webhooks/gemini-webhook-endpoints.js');

jest.setTimeout(120_000);

const URI = 'https://app.example.com/gemini/webhooks';

/** What happens at one request to Gemini or to the store. */
type Fault = 'none' | 'killed before' | 'killed after' | 'fails before' | 'fails after' | 'is refused';

interface Work {
  readonly does: 'sync' | 'rotate after24h' | 'rotate now';
  /** Number of the request at which it happens. */
  readonly at: number;
  readonly fault: Fault;
}

/** Gemini and the store, as all processes use them, and the secrets with which Gemini may sign. */
class World {
  readonly faults: string[] = [];
  /** The newest first. */
  valid: string[] = [];
  readonly #name = `app-${randomUUID()}`;
  readonly #ai: Client;
  readonly #store: SigningSecretStore;
  readonly #observer: WatchedSecrets;

  constructor(
    gemini: GeminiSimulator,
    readonly file: string,
  ) {
    this.#ai = new GoogleGenAI(gemini.clientOptions);
    this.#store = fileSecretStore(file)({ registration: 'default', keys: [] });
    this.#observer = new WatchedSecrets(new RotationStore(this.#name, this.#store));
  }

  /** Does the work in a process of its own. Resolves when it has ended or was killed. */
  async run({ does, at, fault }: Work): Promise<string> {
    let requests = 0;
    let isAlive = true;
    let kill: (how: string) => void = () => undefined;
    const killed = new Promise<string>((resolve) => (kill = resolve));
    const request = async <Result>(what: string, send: () => Promise<Result>): Promise<Result> => {
      if (!isAlive) throw new Error('the process was killed');
      const now = requests === at ? fault : 'none';
      requests += 1;
      if (now === 'is refused') throw Object.assign(new Error('refused'), { status: 400 });
      if (now === 'killed before' || now === 'fails before') return stop(now);
      const result = await send();
      await this.#check(`after ${what} of ${does}`);
      return now === 'killed after' || now === 'fails after' ? stop(now) : result;
    };
    const stop = (how: Fault): never => {
      isAlive = !how.startsWith('killed');
      if (!isAlive) kill('killed');
      throw new Error('no answer');
    };
    const endpoints = new GeminiWebhookEndpoints({
      ai: this.#client(request),
      host: { registration: 'default', keys: [] },
      lock: (_name, work) => work(new AbortController().signal),
    });
    const secretStore: SigningSecretStore = {
      load: (name) => request('load', () => this.#store.load(name)),
      save: (name, secrets) => request('save', () => this.#store.save(name, secrets)),
    };
    const work = async () => {
      if (does === 'sync')
        return endpoints.sync({ name: this.#name, uri: URI, events: ['batch.succeeded'], secretStore });
      const id = await this.#id();
      const revokePrevious = does === 'rotate now' ? 'now' : 'after24h';
      return id === undefined ? undefined : endpoints.rotate(id, { revokePrevious, secretStore });
    };
    return Promise.race([work().then(() => 'done', String), killed]);
  }

  /** What the store holds in the end. */
  async stored(): Promise<{ readonly secrets: readonly string[]; readonly names: readonly string[] }> {
    const { endpoints } = JSON.parse(await readFile(this.file, 'utf8')) as { endpoints: Record<string, unknown> };
    const names = Object.keys(endpoints).filter((name) => name.startsWith(this.#name));
    return { secrets: (await this.#store.load(this.#name)).map(({ value }) => value), names };
  }

  get name(): string {
    return this.#name;
  }

  async close(): Promise<void> {
    const id = await this.#id();
    if (id !== undefined) await this.#ai.webhooks.delete(id);
  }

  async #id(): Promise<string | undefined> {
    const { webhooks = [] } = await this.#ai.webhooks.list();
    return webhooks.find(({ name }) => name === this.#name)?.id;
  }

  /** A process that follows the store never refuses for good what Gemini has signed. */
  async #check(when: string): Promise<void> {
    if (this.valid.length === 0) return;
    await this.#observer.load();
    const isVerified = this.#observer
      .keys()
      .some((key) => this.valid.some((secret) => signatureOf(keyOf(secret)) === signatureOf(key)));
    if (!isVerified && this.#observer.doubt() === undefined) this.faults.push(`a delivery is refused ${when}`);
  }

  #client(request: <Result>(what: string, send: () => Promise<Result>) => Promise<Result>): Client {
    const real = this.#ai.webhooks;
    const webhooks: Partial<typeof real> = {
      list: ((...given) => request('list', () => real.list(...given))) as typeof real.list,
      get: ((...given) => request('get', () => real.get(...given))) as typeof real.get,
      update: ((...given) => request('update', () => real.update(...given))) as typeof real.update,
      delete: ((...given) =>
        request('delete', async () => {
          const deleted = await real.delete(...given);
          this.valid = [];
          return deleted;
        })) as typeof real.delete,
      create: ((...given) =>
        request('create', async () => {
          const created = await real.create(...given);
          this.valid = [created.new_signing_secret!];
          return created;
        })) as typeof real.create,
      rotateSigningSecret: ((...given) =>
        request('rotation', async () => {
          const rotated = await real.rotateSigningSecret(...given);
          const isRevoked = given[1]?.revocation_behavior === 'revoke_previous_secrets_immediately';
          this.valid = [rotated.secret!, ...(isRevoked ? [] : this.valid)];
          return rotated;
        })) as typeof real.rotateSigningSecret,
    };
    return { webhooks } as unknown as Client;
  }
}

function keyOf(secret: string): HmacKey {
  return new HmacKey(secretKey(secret)!);
}

function signatureOf(key: HmacKey): string {
  return key.digest('head', Buffer.from('body'));
}

const work: fc.Arbitrary<Work> = fc.record({
  does: fc.constantFrom<Work['does'][]>('sync', 'rotate after24h', 'rotate now'),
  at: fc.nat(10),
  fault: fc.constantFrom<Fault[]>(
    'none',
    'killed before',
    'killed after',
    'killed after',
    'fails before',
    'fails after',
    'is refused',
  ),
});
const undisturbed: Work = { does: 'sync', at: 0, fault: 'none' };

describe('for all kills and faults of Gemini and the store', () => {
  let gemini: GeminiSimulator;
  let folder: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    gemini = await GeminiSimulator.start();
    folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-rotation-'));
  });

  afterAll(async () => {
    await gemini.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('no delivery of Gemini is refused for good, and a sync stores the current secret and no revoked one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 5 }), async (works) => {
        const world = new World(gemini, join(folder, `${randomUUID()}.json`));
        for (const one of [undisturbed, ...works]) await world.run(one);
        const last = await world.run(undisturbed);
        const { secrets, names } = await world.stored();
        await world.close();

        expect(last).toBe('done');
        expect(world.faults).toEqual([]);
        expect(secrets[0]).toBe(world.valid[0]);
        expect(secrets.filter((secret) => !world.valid.includes(secret))).toEqual([]);
        expect(names).toEqual([world.name]);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });
});
