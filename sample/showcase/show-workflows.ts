import type { NestExpressApplication } from '@nestjs/platform-express';
import { filter, firstValueFrom, fromEvent, startWith, switchMap, takeUntil, tap, throttleTime } from 'rxjs';
import type { RunView } from './page-api.js';
import { PageController } from './page.controller.js';
import { Runs } from './runs.js';

/** Time for a person to approve the plan on the page. */
const DECISION_MS = 6_000;
const QUESTION = 'How did lighthouses work before electricity, and who kept them?';
const HEADER = ['workflow', 'took', 'polled', 'result'];
const LOOK_MS = 250;

interface ShowOptions {
  /** Starts as little as possible: with the real API it is billed. */
  readonly isSmall: boolean;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

/** Runs a batch, a film and a research as the page's buttons do, and prints a table. @returns true if all succeeded */
export async function showWorkflows(
  app: NestExpressApplication,
  { isSmall, signal, print }: ShowOptions,
): Promise<boolean> {
  const [page, runs] = [app.get(PageController), app.get(Runs)];
  const started = await Promise.all([
    page.start({ kind: 'batch', prompts: isSmall ? 20 : 1_000 }),
    page.start({ kind: 'film', scenes: isSmall ? 2 : 12 }),
    page.start({ kind: 'research', question: QUESTION }),
  ]);
  print('A batch, a film and a deep research have started.');
  let decision: NodeJS.Timeout | undefined;
  const decide = ({ id, kind, status }: RunView) => {
    if (kind !== 'research' || status !== 'waiting' || decision) return;
    print(`The research waits for approval of its plan. It is approved from here in ${DECISION_MS / 1000} s.`);
    decision = setTimeout(() => void page.decide(id, { approved: true }).catch(() => undefined), DECISION_MS);
  };
  const ended$ = runs.changes$.pipe(
    startWith('deliveries'),
    throttleTime(LOOK_MS, undefined, { leading: true, trailing: true }),
    switchMap(() => Promise.all(started.map(({ id }) => runs.get(id)))),
    tap((seen) => seen.forEach((run) => run && decide(run))),
    filter((seen): seen is RunView[] => seen.every((run) => run && run.endedAt !== null)),
    takeUntil(fromEvent(signal, 'abort')),
  );
  try {
    const ended = await firstValueFrom(ended$);
    printTable(ended, print);
    return ended.every(({ status }) => status === 'succeeded');
  } finally {
    clearTimeout(decision);
  }
}

function printTable(ended: readonly RunView[], print: ShowOptions['print']): void {
  const rows = [HEADER, ...ended.map((run) => [run.kind, tookOf(run), polledOf(run), resultOf(run)])];
  const widths = HEADER.map((_title, column) => Math.max(...rows.map((row) => row[column]!.length)));
  print('');
  for (const row of rows)
    print(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}`,
    );
  const good = ended.filter(({ status }) => status === 'succeeded').length;
  print(`\n${good} of ${ended.length} workflows succeeded.`);
}

function tookOf({ startedAt, endedAt }: RunView): string {
  return `${((Date.parse(String(endedAt)) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

function polledOf({ timeline }: RunView): string {
  const events = timeline.filter(({ kind }) => kind === 'event');
  return `${events.filter(({ scheme }) => scheme === 'polled').length} of ${events.length}`;
}

function resultOf(run: RunView): string {
  if (run.status === 'failed') return `failed: ${run.failure}`;
  if (run.kind === 'batch') return `${run.details.good} good, ${run.details.failed} failed`;
  if (run.kind === 'film') return `${run.details.scenes.length} scenes in ${run.details.videos} files`;
  return `a report of ${run.details.report?.split(/\s+/).length} words`;
}
