import { ApiError } from '@google/genai';
import { GeminiWebhooksError } from 'nestjs-gemini-webhooks';

/** Passes: asking again is worth while. */
const PASSING = new Set([408, 409, 429]);

/** Why asking again is of no use, in Gemini's or the package's own words; undefined when it may be of use. */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof GeminiWebhooksError) {
    return error.code === 'invalid_argument' || error.code === 'invalid_option' ? error.message : undefined;
  }
  const status = statusOf(error);
  if (status === undefined || status < 400 || status >= 500 || PASSING.has(status)) return undefined;
  return `Gemini refused it: ${messageIn(error as Error)}`;
}

/** The SDK has one class of error for the interactions, and another for the rest. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof ApiError) return error.status;
  const status = error instanceof Error ? (error as { status?: unknown }).status : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** An `ApiError`'s message is the answer's body. */
function messageIn({ message }: Error): string {
  try {
    const { error } = JSON.parse(message) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : message;
  } catch {
    return message;
  }
}
