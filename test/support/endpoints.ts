import { Injectable, type INestApplication } from '@nestjs/common';
import { GoogleGenAI } from '@google/genai';
import {
  GeminiWebhookEndpoints,
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiWebhooksModuleOptions,
  type SigningSecret,
  type SigningSecretStore,
} from '../../lib/index.js';
import type { DistributedLock } from '../../lib/static-webhooks/webhook-lock.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, startApp } from './apps.js';

export const NAME = 'my-app';
export const EVENTS: ('batch.succeeded' | 'batch.failed')[] = ['batch.succeeded', 'batch.failed'];
export const URI = 'https://app.example.com/gemini/webhooks';

/** A store that several processes could share. The test can make it fail. */
export class MemoryStore implements SigningSecretStore {
  readonly #content = new Map<string, string>();
  readonly #watchers = new Set<() => void>();
  /** Saved secrets, in order. */
  readonly saved: { readonly name: string; readonly secrets: readonly SigningSecret[] }[] = [];
  /** Called before each `save` with its secrets. Throwing makes the save fail. */
  onSave: (name: string, secrets: readonly SigningSecret[]) => void | Promise<void> = () => undefined;
  onLoad: (name: string) => void | Promise<void> = () => undefined;

  async load(name: string): Promise<SigningSecret[]> {
    await this.onLoad(name);
    return JSON.parse(this.#content.get(name) ?? '[]') as SigningSecret[];
  }

  async save(name: string, secrets: SigningSecret[]): Promise<void> {
    await this.onSave(name, secrets);
    this.saved.push({ name, secrets });
    this.#content.set(name, JSON.stringify(secrets));
    for (const changed of this.#watchers) changed();
  }

  async watch(_name: string, changed: () => void): Promise<() => void> {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** Returns the same content for a process that is not notified of changes. */
  unwatched(): SigningSecretStore {
    return { load: (name) => this.load(name), save: (name, secrets) => this.save(name, secrets) };
  }

  /** Names that have secrets. */
  get names(): string[] {
    return [...this.#content].filter(([, secrets]) => secrets !== '[]').map(([name]) => name);
  }
}

/** Returns the endpoints of another process, created like those of the command line. */
export function endpointsOf(gemini: GeminiSimulator, lock?: DistributedLock): GeminiWebhookEndpoints {
  return new GeminiWebhookEndpoints({
    ai: new GoogleGenAI(gemini.clientOptions),
    host: { registration: 'default', keys: [gemini.apiKey] },
    lock,
  });
}

/** Creates a lock that several processes share. */
export function sharedLock(): DistributedLock {
  let last: Promise<unknown> = Promise.resolve();
  return (_name, work) => {
    const mine = last.then(() => work(new AbortController().signal));
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** Rotates the secret as another program that does not store it. */
export async function createUnkept(gemini: GeminiSimulator, name = NAME): Promise<void> {
  await new GoogleGenAI(gemini.clientOptions).webhooks.create({ name, uri: URI, subscribed_events: EVENTS });
}

/** Returns the static webhooks at Gemini. */
export async function webhooksOf(gemini: GeminiSimulator) {
  return endpointsOf(gemini).list();
}

/** Returns true if Gemini signs with the first stored secret. */
export async function isCurrentKept(gemini: GeminiSimulator, store: SigningSecretStore): Promise<boolean> {
  const [webhook] = await webhooksOf(gemini);
  const current = webhook!.secrets.find(({ expiresAt }) => expiresAt === undefined)!.truncated.replace('...', '');
  const [newest] = await store.load(NAME);
  return newest !== undefined && newest.expiresAt === undefined && newest.value.startsWith(current);
}

/** An app with a static webhook at the simulator. */
export interface EndpointApp {
  readonly app: INestApplication;
  readonly origin: string;
  readonly uri: string;
  readonly endpoints: GeminiWebhookEndpoints;
  readonly heard: GeminiEvent[];
}

/** Starts an app that accepts only static webhooks and verifies with the secrets of its endpoints. */
export async function startEndpointApp(
  gemini: GeminiSimulator,
  options: GeminiWebhooksModuleOptions = {},
): Promise<EndpointApp> {
  const heard: GeminiEvent[] = [];

  @Injectable()
  class Recorder {
    @OnGeminiEvent('*', { name: 'recorder' })
    record(event: GeminiEvent): void {
      heard.push(event);
    }
  }

  const { app, origin } = await startApp(
    {
      imports: [
        GeminiWebhooksModule.forRoot({
          gemini: gemini.clientOptions,
          publicUrl: 'https://app.example.com',
          binding: false,
          ...options,
        }),
      ],
      providers: [Recorder],
    },
    { adapter: ADAPTERS[0] },
  );
  return { app, origin, uri: `${origin}/gemini/webhooks`, endpoints: app.get(GeminiWebhookEndpoints), heard };
}
