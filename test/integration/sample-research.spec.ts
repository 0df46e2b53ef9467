import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Sample, type SampleOptions } from '../support/sample.js';

const QUESTION = 'Who invented the lighthouse?';

jest.setTimeout(60_000);

describe("the sample's research", () => {
  let sample: Sample;

  afterEach(() => sample.remove());

  const begun = async (options: SampleOptions = {}) => {
    sample = await Sample.start(options);
    await sample.web();
    await sample.worker();
    const id = await sample.begin('research', { question: QUESTION });
    const asked = await sample.workflowOnce(id, ({ status }) => status !== 'running');
    return { id, asked };
  };
  const decide = (id: string, approved: unknown) => sample.send('POST', `/api/research/${id}/decision`, { approved });

  it.each(['interaction.requires_action', 'interaction.completed'] as const)(
    'asks a person for the budget, is told, and ends with a report, when a pause comes as %s',
    async (pauseEvent) => {
      const { id, asked } = await begun({ pauseEvent });
      expect(asked).toMatchObject({
        status: 'waiting',
        research: { question: QUESTION, approval: { budget: '2 US dollars' }, report: null },
        progress: { done: 1, total: 3, unit: 'steps' },
      });

      expect(await decide(id, true)).toMatchObject({ status: 204 });
      const ended = await sample.ended(id);

      expect(ended).toMatchObject({ status: 'succeeded', progress: { done: 3 }, research: { approval: null } });
      expect(ended.research!.report).toContain(QUESTION);
      const handled = ({ timeline }: Pick<typeof ended, 'timeline'>) =>
        timeline.filter(({ kind }) => kind === 'handled');
      // The last handler is written down once it has ended the workflow.
      expect(handled(await sample.workflowOnce(id, (seen) => handled(seen).length >= 3))).toHaveLength(3);
      expect(sample.gemini.countOf('interactions.create')).toBe(3);
    },
  );

  it('ends when the person declines, and nothing more is asked of Gemini', async () => {
    const { id } = await begun();

    expect(await decide(id, false)).toMatchObject({ status: 204 });

    expect(await sample.ended(id)).toMatchObject({ status: 'failed', failure: 'The budget was not approved.' });
    expect(sample.gemini.countOf('interactions.create')).toBe(1);
  });

  it('takes one decision, of those who are waited for', async () => {
    const { id } = await begun();

    expect(await decide(id, 'yes')).toMatchObject({ status: 400, body: { title: 'Bad Request' } });
    const answers = await Promise.all([decide(id, true), decide(id, true), decide(id, false)]);

    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409, 409]);
    expect(await decide(crypto.randomUUID(), true)).toMatchObject({ status: 409 });
    expect((await sample.ended(id)).endedAt).not.toBeNull();
    expect(sample.gemini.countOf('interactions.create')).toBeLessThanOrEqual(3);
  });

  it.each([
    ['failed', 'Simulated failure of the interaction.'],
    ['incomplete', 'Gemini stopped before it was complete'],
  ] as const)('ends when an interaction is %s', async (end, reason) => {
    // Of the second Gemini sends no event: it is looked up.
    const { id } = await begun({ env: { JOBS_RECONCILE_AFTER_MS: '1000' } });
    sample.gemini.inject({ fault: 'end', end, kind: 'interaction', times: 1 });
    await decide(id, true);

    expect(await sample.ended(id)).toMatchObject({ status: 'failed', failure: `The research ended: ${reason}` });
  });
});
