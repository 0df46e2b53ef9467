import type { GoogleGenAIOptions } from '@google/genai';
import type { GeminiSimulator } from 'nestjs-gemini-webhooks/testing';

/** Settings of the showcase app, made by `demo.ts`. */
export abstract class ShowcaseSettings {
  abstract readonly databaseUrl: string;
  abstract readonly gemini: GoogleGenAIOptions;
  /** Undefined with the real API, whose webhooks cannot be made to fail. */
  abstract readonly simulator: GeminiSimulator | undefined;
  /** The full URL at which Gemini reaches the webhook's route. */
  abstract readonly webhookUrl: string;
  abstract readonly adminPassword: string;
  /** Folder for downloaded films. */
  abstract readonly filmsFolder: string;
}

export const WEBHOOK_PATH = 'gemini/webhooks';
export const BOARD_PATH = '/admin/queues';
export const QUEUE = 'showcase';
