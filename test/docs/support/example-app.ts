import { GoogleGenAI } from '@google/genai';
import { Injectable, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  GeminiJobs,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiWebhooksModuleOptions,
} from '../../../lib/index.js';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp, type RunningApp } from '../../support/apps.js';
import { BINDING_SECRET } from '../../support/binding-tokens.js';
import { setEnvironment } from '../../support/environment.js';
import { freePort } from '../../support/free-port.js';

const simulators: GeminiSimulator[] = [];

/** A Gemini whose jobs end within milliseconds and whose videos are announced. */
export async function quickGemini(options: GeminiSimulatorOptions = {}): Promise<GeminiSimulator> {
  const durations = { batch: 20, video: 20, interaction: 20 };
  const gemini = await GeminiSimulator.start({ durations, videoEvent: 'video.generated', ...options });
  simulators.push(gemini);
  return gemini;
}

/** Environment with which an app or the SDK calls the simulator. */
export function environmentOf(gemini: GeminiSimulator): NonNullable<Parameters<typeof setEnvironment>[0]> {
  return {
    GEMINI_API_KEY: gemini.apiKey,
    GOOGLE_GEMINI_BASE_URL: gemini.baseUrl,
    GEMINI_WEBHOOK_JWKS_URL: gemini.jwksUrl,
  };
}

/** Starts an app that the simulator reaches at its public URL, with the providers of an example. */
export async function startExampleApp(
  gemini: GeminiSimulator,
  providers: Provider[],
  options: GeminiWebhooksModuleOptions = {},
): Promise<RunningApp> {
  const port = await freePort();
  return startApp(
    {
      imports: [
        GeminiWebhooksModule.forRoot({
          inbox: inlineInbox(),
          gemini: gemini.clientOptions,
          jwks: { url: gemini.jwksUrl },
          publicUrl: `http://127.0.0.1:${port}`,
          binding: { secret: BINDING_SECRET },
          jobs: { reconcile: { afterMs: 100, maxIntervalMs: 200 } },
          ...options,
        }),
      ],
      providers,
    },
    { adapter: ADAPTERS[0], port },
  );
}

/** For `afterEach`: no app and no simulator outlives its test. */
export async function closeExamples(): Promise<void> {
  await closeApps();
  await Promise.all(simulators.splice(0).map((gemini) => gemini.close()));
}

/** The version of the Gemini API that an app with this module calls. */
export async function versionCalled(webhooks: DynamicModule): Promise<string | undefined> {
  const paths: string[] = [];
  const api = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(400).end();
  });
  await once(api.listen(0, '127.0.0.1'), 'listening');
  const { port } = api.address() as AddressInfo;
  setEnvironment({ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}` });
  const { app } = await startApp({ imports: [webhooks] }, { adapter: ADAPTERS[0] });
  const refused = app.get(GeminiJobs).createVideo({ input: 'A lighthouse.' });
  await refused.catch(() => undefined);
  await app.close();
  await new Promise((resolve) => api.close(resolve).closeAllConnections());
  return paths[0]?.split('/')[1];
}

/** A provider whose handler keeps every event, and throws for those of one type. */
export function recorder(heard: GeminiEvent[], { failsFor = '' } = {}): Type {
  @Injectable()
  class Recorder {
    @OnGeminiEvent('*', { name: 'recorder' })
    record(event: GeminiEvent): void {
      if (event.type === failsFor) throw new Error('not yet');
      heard.push(event);
    }
  }
  return Recorder;
}

/** Starts a batch as another program does. */
export async function startBatch(gemini: GeminiSimulator): Promise<void> {
  const src = [{ contents: [{ parts: [{ text: 'hello' }] }] }];
  await new GoogleGenAI(gemini.clientOptions).batches.create({ model: 'gemini-3.8-flash', src });
}
