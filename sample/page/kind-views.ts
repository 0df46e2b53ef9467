import type { batches, films, research, scenes, steps, workflows } from '../database/schema.js';
import { secondsOf } from '../films/storyboard.js';
import { RESEARCH_STEPS } from '../research/research.js';
import type { BatchView, FilmView, ResearchView, WorkflowView } from './page-api.js';

type Row<Table extends { readonly $inferSelect: unknown }> = Table['$inferSelect'];

/** The rows that belong to one workflow. */
export interface WorkflowParts {
  readonly batch: Row<typeof batches> | undefined;
  readonly film: Row<typeof films> | undefined;
  readonly scenes: readonly Row<typeof scenes>[];
  readonly research: Row<typeof research> | undefined;
  readonly steps: readonly Row<typeof steps>[];
}

export function progressOf({ kind }: Row<typeof workflows>, parts: WorkflowParts): WorkflowView['progress'] {
  switch (kind) {
    case 'batch': {
      const { good = 0, failed = 0, prompts = 0 } = parts.batch ?? {};
      return { done: good + failed, total: prompts, unit: 'results' };
    }
    case 'film':
      return { done: secondsMade(parts), total: secondsOf(parts.scenes.length), unit: 'seconds' };
    case 'research': {
      const isDone = (name: string) => parts.steps.some((step) => step.name === name && step.status === 'ended');
      const done = RESEARCH_STEPS.filter(isDone).length;
      return { done, total: RESEARCH_STEPS.length, unit: 'steps' };
    }
  }
}

export function batchView({ batch }: WorkflowParts): BatchView | null {
  return batch ? { good: batch.good, failed: batch.failed } : null;
}

export function filmView(parts: WorkflowParts): FilmView | null {
  const { film, scenes: all } = parts;
  if (!film) return null;
  return {
    scenes: all.map(({ prompt, status, softened }) => ({ prompt, status, softened })),
    seconds: secondsMade(parts),
    video: film.video === null ? null : `/api/films/${film.workflow}/video`,
  };
}

export function researchView({ status }: Row<typeof workflows>, { research: row }: WorkflowParts): ResearchView | null {
  if (!row) return null;
  const { question, budget, reason, report } = row;
  const isAsked = status === 'waiting' && budget !== null;
  return { question, approval: isAsked ? { budget, reason: reason ?? '' } : null, report };
}

function secondsMade({ scenes: all }: WorkflowParts): number {
  return secondsOf(all.filter(({ status }) => status === 'done').length);
}
