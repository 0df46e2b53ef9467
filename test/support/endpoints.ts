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

/** A store that several processes could share. It fails when the test says so. */
export class MemoryStore implements SigningSecretStore {
  readonly #content = new Map<string, string>();
  readonly #watchers = new Set<() => void>();
  /** What was saved, in order. */
  readonly saved: { readonly name: string; readonly secrets: readonly SigningSecret[] }[] = [];
  /** Called before each `save`, and with the secrets that were to be saved: fails it by throwing. */
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

  /** The same content for a process that is not told of changes. */
  unwatched(): SigningSecretStore {
    return { load: (name) => this.load(name), save: (name, secrets) => this.save(name, secrets) };
  }

  /** Names under which something is kept. */
  get names(): string[] {
    return [...this.#content].filter(([, secrets]) => secrets !== '[]').map(([name]) => name);
  }
}

/** The endpoints of another process, as the command line makes them. */
export function endpointsOf(gemini: GeminiSimulator, lock?: DistributedLock): GeminiWebhookEndpoints {
  return new GeminiWebhookEndpoints({
    ai: new GoogleGenAI(gemini.clientOptions),
    host: { registration: 'default', keys: [gemini.apiKey] },
    lock,
  });
}

/** A lock that all who are given it share. */
export function sharedLock(): DistributedLock {
  let last: Promise<unknown> = Promise.resolve();
  return (_name, work) => {
    const mine = last.then(() => work(new AbortController().signal));
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** By somebody who keeps the secret to himself. */
export async function createUnkept(gemini: GeminiSimulator, name = NAME): Promise<void> {
  await new GoogleGenAI(gemini.clientOptions).webhooks.create({ name, uri: URI, subscribed_events: EVENTS });
}

/** The static webhooks as Gemini has them. */
export async function webhooksOf(gemini: GeminiSimulator) {
  return endpointsOf(gemini).list();
}

/** Whether Gemini signs with the first secret that is kept. */
export async function isCurrentKept(gemini: GeminiSimulator, store: SigningSecretStore): Promise<boolean> {
  const [webhook] = await webhooksOf(gemini);
  const current = webhook!.secrets.find(({ expiresAt }) => expiresAt === undefined)!.truncated.replace('...', '');
  const [newest] = await store.load(NAME);
  return newest !== undefined && newest.expiresAt === undefined && newest.value.startsWith(current);
}

/** An app whose static webhook is at the simulator. */
export interface EndpointApp {
  readonly app: INestApplication;
  readonly origin: string;
  readonly uri: string;
  readonly endpoints: GeminiWebhookEndpoints;
  readonly heard: GeminiEvent[];
}

/** Boots an app that takes static webhooks only, and verifies with what its endpoints know. */
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
