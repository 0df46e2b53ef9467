import type { BatchInputRequest } from 'nestjs-gemini-webhooks';

const SUBJECTS = ['rivers', 'lighthouses', 'glaciers', 'honey bees', 'sourdough', 'tides', 'typefaces', 'comets'];
const TASKS = ['Explain in one sentence', 'Name a surprising fact about', 'Write a headline about'];
/** One in so many cannot be answered: a batch that is read well counts those, too. */
const FAILING = 50;

/** Prompts as they are wanted, one after the other: no list of all of them is ever held. */
export function* batchPrompts(count: number): Generator<BatchInputRequest, void, undefined> {
  for (let index = 0; index < count; index += 1) {
    const text = batchPrompt(index);
    yield { key: `prompt-${index}`, request: { contents: [{ parts: [{ text }] }] } };
  }
}

/** The prompt at a place. `[fail]` makes the simulator fail it; to Gemini itself it is a word. */
export function batchPrompt(index: number): string {
  const [task, subject] = [TASKS[index % TASKS.length], SUBJECTS[index % SUBJECTS.length]];
  return `${task} ${subject} (no. ${index + 1})${index % FAILING === FAILING - 1 ? ' [fail]' : ''}`;
}
