import type { GeminiJob } from 'nestjs-gemini-webhooks';
import type { Observable } from 'rxjs';
import { asExpected, describe, type Result } from './outcome.js';
import type { Scene } from './scenes.js';
import type { Terminal } from './terminal.js';
import { until } from './until.js';

const COMPLETED_TIMEOUT_MS = 20_000;

/** What becomes of a scene is heard, counted and waited for. */
export interface Observed {
  /** Each answer that a delivery gets. */
  readonly answers$: Observable<string>;
  /** The name of each handler that runs. */
  readonly handlers$: Observable<string>;
  /** How often Gemini was asked about a job so far. */
  lookups(): number;
  /** Resolves when nothing more happens to what the app has taken. */
  settled(): Promise<void>;
}

/** Plays one scene after the other and shows what becomes of each. */
export async function walkThrough(
  scenes: readonly Scene[],
  { answers$, handlers$, lookups, settled }: Observed,
  terminal: Terminal,
): Promise<Result[]> {
  const answers: string[] = [];
  const ran: string[] = [];
  const recording = answers$.subscribe((answer) => answers.push(answer));
  recording.add(handlers$.subscribe((handler) => ran.push(handler)));

  const results: Result[] = [];
  for (const [index, { name, story, expected, play }] of scenes.entries()) {
    terminal.print(terminal.paint('bold', `${index + 1}  ${story}`));
    const before = lookups();
    const job = await play();
    if (answers.length === 0) terminal.entry('warning', 'no webhook', 'The job has ended, and nothing has come.');
    const ending = job && (await endingOf(job));
    await settled();
    // Handlers of an event that was looked up run when it is known that the job has ended.
    await until(() => ran.length >= expected.handlers.length, 'A method has not run.').catch(() => undefined);
    if (ending) terminal.entry(ending.completed ? 'ran' : 'failure', 'completed()', ending.text);
    const asked = lookups() - before;
    if (asked > 0) terminal.entry('note', 'look-ups', `${asked}: Gemini was asked how the job stands`);

    const got = {
      answers: answers.splice(0),
      handlers: ran.splice(0),
      lookups: asked,
      ...(ending && { completed: ending.completed }),
    };
    const result = { name, expected, got };
    if (!asExpected(result)) terminal.entry('failure', 'not as expected', `It should be ${describe(expected)}.`);
    terminal.print();
    results.push(result);
  }
  recording.unsubscribe();
  return results;
}

async function endingOf(job: GeminiJob): Promise<{ readonly completed: boolean; readonly text: string }> {
  try {
    const { type } = await job.completed({ timeoutMs: COMPLETED_TIMEOUT_MS });
    return { completed: true, text: `${type}, to whoever waits for the job` };
  } catch (error) {
    return { completed: false, text: (error as Error).message };
  }
}
