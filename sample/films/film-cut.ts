import { Injectable } from '@nestjs/common';
import { and, eq } from 'drizzle-orm';
import type { Queries } from '../database/database.js';
import { films, scenes } from '../database/schema.js';
import { Steps, type StepKey } from '../workflows/steps.js';
import { Timeline } from '../workflows/timeline.js';
import { Workflows } from '../workflows/workflows.js';

const FIRST_TAKE = 1;
const LAST_TAKE = 2;

/** Which scene is next: strictly one after the other, whatever comes twice or too late. */
@Injectable()
export class FilmCut {
  readonly #workflows: Workflows;
  readonly #steps: Steps;
  readonly #timeline: Timeline;

  constructor(workflows: Workflows, steps: Steps, timeline: Timeline) {
    this.#workflows = workflows;
    this.#steps = steps;
    this.#timeline = timeline;
  }

  /** Plans a scene's clip, within `Workflows.change`. */
  async shoot(tx: Queries, workflow: string, position: number, attempt = FIRST_TAKE): Promise<void> {
    await tx
      .update(scenes)
      .set({ status: 'running', softened: attempt > FIRST_TAKE })
      .where(isScene(workflow, position));
    await this.#steps.plan(tx, { workflow, name: 'clip', position, attempt });
  }

  /** A scene's clip is there: the next one is planned, or the download. A clip of a scene that is passed is ignored. */
  async done(step: StepKey, clip: string): Promise<void> {
    const { workflow, position } = step;
    await this.#workflows.change(workflow, async (tx) => {
      if (!(await isAt(tx, workflow, position))) return;
      await this.#steps.end(tx, step);
      await tx.update(scenes).set({ status: 'done', clip }).where(isScene(workflow, position));
      const [next] = await tx
        .select()
        .from(scenes)
        .where(isScene(workflow, position + 1));
      if (next) await this.shoot(tx, workflow, position + 1);
      else await this.#steps.plan(tx, { workflow, name: 'download' });
    });
  }

  /** A clip came to nothing: it is tried once more with a softened prompt, else the film ends with what there is. */
  async retake(step: StepKey, reason: string): Promise<void> {
    const { workflow, position, attempt } = step;
    await this.#workflows.change(workflow, async (tx) => {
      await this.#steps.end(tx, step);
      if (!(await isAt(tx, workflow, position, attempt))) return;
      if (attempt < LAST_TAKE) {
        await this.#timeline.note(tx, workflow, `Scene ${position + 1}: ${reason}. Once more, softened.`);
        await this.shoot(tx, workflow, position, attempt + 1);
        return;
      }
      const failure = `Scene ${position + 1} came to nothing, softened as well: ${reason}`;
      await tx.update(scenes).set({ status: 'failed' }).where(isScene(workflow, position));
      await tx.update(films).set({ failure }).where(eq(films.workflow, workflow));
      if (position > 0) await this.#steps.plan(tx, { workflow, name: 'download' });
      else await this.#workflows.end(tx, workflow, failure);
    });
  }
}

/** Whether it is the scene's turn, and, where it matters, this attempt at it. */
async function isAt(tx: Queries, workflow: string, position: number, attempt?: number): Promise<boolean> {
  const [scene] = await tx.select().from(scenes).where(isScene(workflow, position));
  const isTurn = scene?.status === 'running';
  return isTurn && (attempt === undefined || scene.softened === attempt > FIRST_TAKE);
}

function isScene(workflow: string, position: number) {
  return and(eq(scenes.workflow, workflow), eq(scenes.position, position));
}
