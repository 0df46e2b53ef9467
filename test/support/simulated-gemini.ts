import { GoogleGenAI } from '@google/genai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../lib/testing/index.js';

/** The body of a delivery. Who signed it is not looked at here. */
export interface AnnouncedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly user_metadata?: Readonly<Record<string, unknown>>;
}

/** A simulated Gemini, Google's client of it, and a webhook that keeps what it is sent. */
export interface SimulatedGemini {
  readonly gemini: GeminiSimulator;
  readonly ai: GoogleGenAI;
  /** `webhookConfig.uris` of a job. */
  readonly uris: string[];
  /** What was announced there, in order. */
  readonly events: readonly AnnouncedEvent[];
}

const running: { gemini: GeminiSimulator; sink: Server }[] = [];

/** Time stands still unless `options` say otherwise. `closeSimulated` closes it. */
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
    // Given a fetch, or the client looks for undici's dispatcher in Jest's global object, where it is not.
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
