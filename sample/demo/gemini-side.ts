import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { SignedDelivery } from 'nestjs-gemini-webhooks/testing';
import { serveOnLoopback } from './loopback-server.js';

/** What the app answered: the status, then `status` of the body, or `code` and `title` of the problem. */
export interface Answer {
  readonly status: number;
  readonly word: string;
  readonly title?: string;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** What Google has: a static webhook's secret, three Ed25519 keys whose public halves it publishes, a way to post. */
export class GeminiSide {
  readonly secret = newSecret();

  private constructor(
    readonly privateKeys: readonly KeyObject[],
    readonly keySetUrl: string,
  ) {}

  static async start(): Promise<GeminiSide> {
    const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ed25519'));
    const keySet = JSON.stringify({ keys: pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' })) });
    const origin = await serveOnLoopback((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(keySet);
    });
    return new GeminiSide(
      pairs.map(({ privateKey }) => privateKey),
      `${origin}/.well-known/jwks.json`,
    );
  }

  async post(url: URL, { headers, body }: SignedDelivery): Promise<Answer> {
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      const { status: word, code, title } = (await response.json()) as Record<string, string>;
      return code === undefined
        ? { status: response.status, word: String(word) }
        : { status: response.status, word: code, title: String(title) };
    } catch (error) {
      return { status: 0, word: 'no answer', title: (error as Error).message };
    }
  }
}

/** A secret such as Gemini shows once for a new webhook. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
