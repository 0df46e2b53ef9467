import { GoogleGenAI } from '@google/genai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../lib/testing/index.js';

/** Parses the body of a delivery without verifying its signature. */
export interface AnnouncedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly user_metadata?: Readonly<Record<string, unknown>>;
}

/** A simulated Gemini with Google's client and a webhook that records its deliveries. */
export interface SimulatedGemini {
  readonly gemini: GeminiSimulator;
  readonly ai: GoogleGenAI;
  /** `webhookConfig.uris` of a job. */
  readonly uris: string[];
  /** Events that were delivered to the webhook, in order. */
  readonly events: readonly AnnouncedEvent[];
}

const running: { gemini: GeminiSimulator; sink: Server }[] = [];

/** Starts the simulator, with a stopped clock unless `options` change that. `closeSimulated` closes it. */
export async function simulatedGemini(options: GeminiSimulatorOptions = {}): Promise<SimulatedGemini> {
  const events: AnnouncedEvent[] = [];
  const sink = createServer((request, response) => {
    void json(request).then((event) => {
      events.push(event as AnnouncedEvent);
      response.end();
    });
  });
  await once(sink.listen(0, '127.0.0.1'), 'listening');
  const gemini = await GeminiSimulator.start({ time: 'manual', ...options });
  running.push({ gemini, sink });
  return {
    gemini,
    events,
    // Without a fetch, the client looks for undici's dispatcher in Jest's global object, which lacks it.
    ai: new GoogleGenAI({ apiKey: gemini.apiKey, httpOptions: { baseUrl: gemini.baseUrl, fetch } }),
    uris: [`http://127.0.0.1:${(sink.address() as AddressInfo).port}/webhooks`],
  };
}

/** For `afterEach`. */
export async function closeSimulated(): Promise<void> {
  for (const { gemini, sink } of running.splice(0)) {
    await gemini.close();
    sink.closeAllConnections();
    await new Promise((resolve) => sink.close(resolve));
  }
}
