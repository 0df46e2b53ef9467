import { describe, expect, it } from '@jest/globals';
import type { GeminiEventType } from '../../../../lib/events/event-catalogue.js';
import type { JobTracker, TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import { confirmByPoll } from '../../../../lib/jobs/polling/confirm-by-poll.js';
import type { JobChecker, PollResult } from '../../../../lib/jobs/polling/job-checker.js';
import { newJob } from '../../../support/scripted-gemini.js';
import { refusalOf } from '../../../support/verifying.js';

const other = { kind: 'interaction', name: 'interactions/other' } as const;
const endedAs = (type: GeminiEventType, more: object = {}) =>
  ({ is: 'ended', name: 'interactions/mine', outcome: 'succeeded', event: { type, data: {} }, ...more }) as PollResult;

/** Confirms an event of another job than ours, of which a poll finds this state. */
function confirm(
  state: PollResult | undefined,
  {
    type = 'interaction.completed',
    resource = other,
    job = newJob({ kind: 'interaction', name: 'interactions/mine' }),
  }: { type?: GeminiEventType; resource?: typeof other | undefined; job?: TrackedJob | undefined } = {},
) {
  const asked: unknown[] = [];
  const tracker = {
    find: async (query: unknown) => {
      asked.push(query);
      return job.id === 'unknown' ? undefined : job;
    },
  } as unknown as JobTracker;
  const checker = {
    poll: async (...given: unknown[]) => {
      asked.push(given);
      return state;
    },
  } as unknown as JobChecker;
  return { confirmed: confirmByPoll(tracker, checker)(job.id, type, resource), asked, job };
}

describe('the confirmation that an event belongs to the job of its token', () => {
  it.each([
    ['the job has no record', newJob({ id: 'unknown' })],
    ['the record has no name', newJob({ kind: 'interaction' })],
    ['the record has the same name', newJob({ kind: 'interaction', name: 'other' })],
  ])('needs no poll if %s', async (_when, job) => {
    const { confirmed, asked } = confirm(undefined, { job });

    expect(await confirmed).toBe(true);
    expect(asked).toEqual([{ id: job.id }]);
  });

  it('polls our job for up to two seconds if the event names another or none', async () => {
    const { confirmed, asked, job } = confirm(endedAs('interaction.completed'));

    expect(await confirmed).toBe(true);
    expect(asked[1]).toEqual([job, { maxWaitMs: 2_000 }]);
    expect(await confirmByPollWithoutResource()).toBe(false);
  });

  it.each<[PollResult, GeminiEventType, boolean]>([
    [endedAs('interaction.completed'), 'interaction.completed', true],
    [endedAs('interaction.completed'), 'video.generated', true],
    [endedAs('interaction.completed'), 'interaction.failed', false],
    [endedAs('video.failed', { announcedAs: 'interaction.completed' }), 'interaction.completed', true],
    [endedAs('video.failed', { announcedAs: 'interaction.completed' }), 'interaction.failed', false],
    [endedAs('interaction.requires_action', { outcome: 'requires_action' }), 'interaction.completed', true],
    [endedAs('interaction.requires_action', { outcome: 'requires_action' }), 'interaction.failed', false],
    [endedAs('interaction.failed', { outcome: 'failed' }), 'interaction.completed', false],
    [{ is: 'running' }, 'interaction.completed', false],
  ])('is given by a poll only if the job has ended so: %j, %s', async (state, type, isConfirmed) => {
    expect(await confirm(state, { type }).confirmed).toBe(isConfirmed);
  });

  it.each<PollResult>([{ is: 'unanswered' }, { is: 'missing' }, { is: 'postponed', delayMs: 1 }])(
    'makes Google send the event again if the poll is %j',
    async (state) => {
      const { confirmed, job } = confirm(state);

      expect(await refusalOf(() => confirmed)).toMatchObject({
        code: 'keys_unavailable',
        message: `The job ${job.id} could not be polled to confirm its event.`,
      });
    },
  );
});

function confirmByPollWithoutResource(): Promise<boolean> {
  const job = newJob({ kind: 'interaction', name: 'interactions/mine' });
  const tracker = { find: async () => job } as unknown as JobTracker;
  const checker = { poll: async () => ({ is: 'running' }) } as unknown as JobChecker;
  return confirmByPoll(tracker, checker)(job.id, 'interaction.completed', undefined);
}
