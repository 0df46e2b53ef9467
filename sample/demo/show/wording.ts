import type { WorkflowKind, WorkflowView } from '../../page/page-api.js';

export const KINDS: readonly WorkflowKind[] = ['batch', 'film', 'research'];

/** What it does right now, or has come to, in a few words. */
export function stateOf({ status, failure, batch, film, research }: WorkflowView): string {
  if (status === 'failed') return `failed: ${failure ?? 'nobody knows why'}`;
  if (research?.approval) return `asks for approval: ${research.approval.budget}`;
  if (batch && batch.good + batch.failed > 0) return `${count(batch.good)} good, ${count(batch.failed)} failed`;
  if (status === 'succeeded') return outcomeOf(film?.seconds, research?.report);
  return film ? filming(film.scenes) : 'Gemini is at work';
}

/** `3,200/5,000 results` */
export function progressOf({ progress }: Pick<WorkflowView, 'progress'>): string {
  return `${count(progress.done)}/${count(progress.total)} ${progress.unit}`;
}

/** How many of its events were asked for, since their webhook did not come. */
export function lookedUp({ timeline }: WorkflowView): number {
  return timeline.filter(({ kind, scheme }) => kind === 'event' && scheme === 'reconciled').length;
}

/** `12.3 s` */
export function tookOf({ startedAt, endedAt }: WorkflowView): string {
  return endedAt === null ? '' : `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

function filming(scenes: readonly { readonly status: string; readonly softened: boolean }[]): string {
  const running = scenes.findIndex(({ status }) => status === 'running');
  if (running === -1) return 'Gemini is at work';
  return `scene ${running + 1} of ${scenes.length}${scenes[running]?.softened ? ', softened' : ''}`;
}

function outcomeOf(seconds: number | undefined, report: string | null | undefined): string {
  if (seconds !== undefined) return `${seconds} s of film`;
  return report ? `a report of ${count(report.split(/\s+/).length)} words` : 'done';
}
