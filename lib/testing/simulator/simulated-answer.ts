import type { JsonObject } from './request-fields.js';

/** A request with this in its text fails, so that a test can have a result with errors in it. */
export const FAILING_TEXT = '[fail]';

const LONGEST_ECHO = 200;
/** Text stands no deeper than this in a request. */
const DEEPEST = 8;

/** All text of a request's contents, whatever else is in there. */
export function promptIn(contents: unknown): string {
  const texts: string[] = [];
  collectText(contents, texts, DEEPEST);
  return texts.join(' ');
}

/** What the simulated model says: recognisably an answer to this prompt, and the same each time. */
export function answerTo(prompt: string): string {
  const echo = prompt.length > LONGEST_ECHO ? `${prompt.slice(0, LONGEST_ECHO)}…` : prompt;
  return `Simulated answer to: ${echo}`;
}

/** About how many tokens a text is. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

/** What a `GenerateContentRequest` is answered with, as in a batch's result: `response`, or the `error` it failed with. */
export function answered(request: JsonObject, model: string): { response: JsonObject } | { error: JsonObject } {
  const prompt = promptIn(request['contents']);
  if (prompt.includes(FAILING_TEXT)) {
    return { error: { code: 13, message: 'Simulated failure of this request.', status: 'INTERNAL' } };
  }
  const text = answerTo(prompt);
  const [promptTokenCount, candidatesTokenCount] = [tokensOf(prompt), tokensOf(text)];
  return {
    response: {
      candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      usageMetadata: {
        promptTokenCount,
        candidatesTokenCount,
        totalTokenCount: promptTokenCount + candidatesTokenCount,
      },
      modelVersion: model.replace(/^models\//, ''),
    },
  };
}

function collectText(value: unknown, texts: string[], levels: number): void {
  if (levels === 0) return;
  if (Array.isArray(value)) {
    for (const item of value) collectText(item, texts, levels - 1);
  } else if (typeof value === 'object' && value !== null) {
    const { text, parts, content } = value as { text?: unknown; parts?: unknown; content?: unknown };
    if (typeof text === 'string') texts.push(text);
    collectText(parts, texts, levels - 1);
    collectText(content, texts, levels - 1);
  } else if (typeof value === 'string') {
    texts.push(value);
  }
}
