import type { JsonObject } from './request-fields.js';

/** A request that contains this text fails. */
export const FAILING_TEXT = '[fail]';

const MAX_ECHO_LENGTH = 200;
/** Maximum depth of text in a request. */
const MAX_DEPTH = 8;

/** Returns all text of a request's contents, and ignores other parts. */
export function promptIn(contents: unknown): string {
  const texts: string[] = [];
  collectText(contents, texts, MAX_DEPTH);
  return texts.join(' ');
}

/** Returns the text of the simulated model, which depends only on the prompt and quotes it. */
export function generateText(prompt: string): string {
  const echo = prompt.length > MAX_ECHO_LENGTH ? `${prompt.slice(0, MAX_ECHO_LENGTH)}…` : prompt;
  return `Simulated answer to: ${echo}`;
}

/** Returns the approximate number of tokens of a text. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Responds to a `GenerateContentRequest` of a batch. */
export function generateContent(request: JsonObject, model: string): { response: JsonObject } | { error: JsonObject } {
  const prompt = promptIn(request['contents']);
  if (prompt.includes(FAILING_TEXT)) {
    return { error: { code: 13, message: 'Simulated failure of this request.', status: 'INTERNAL' } };
  }
  const text = generateText(prompt);
  const [promptTokenCount, candidatesTokenCount] = [countTokens(prompt), countTokens(text)];
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
