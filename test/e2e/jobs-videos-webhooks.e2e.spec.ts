import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { GeminiEvent, GeminiJob, ReconcileOptions } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { bindingTokenOf } from '../support/binding-tokens.js';
import { removeTestQueues } from '../support/durable.js';
import { post } from '../support/http.js';
import {
  BRIEFLY,
  closeSimulators,
  INBOXES,
  LATER,
  SOON,
  startGemini,
  startJob,
  startJobsApp,
  type JobsApp,
} from '../support/jobs.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac } from '../support/senders.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const SECRET = newSecret();
const UNREACHABLE = { fault: 'api_error', status: 503, operation: 'interactions.get' } as const;
const FILE = { output_file_uri: 'files/from-the-event', file_name: 'files/from-the-event' };
/** Number of attempts of `inboxOn`. */
const ATTEMPTS = 3;
const TAKEN = [200, 202];

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

function typesOf(events: readonly GeminiEvent[]): string[] {
  return events.map(({ type }) => type);
}

describe.each(INBOXES)('a static webhook on $inbox', ({ make }) => {
  /** Its jobs have no dynamic webhook, so every delivery comes from the static one. */
  const started = async (reconcile: ReconcileOptions = LATER) => {
    const gemini = await startGemini();
    const more = { hmac: { secrets: SECRET }, jobs: { webhooks: 'never' } } as const;
    const app = await startJobsApp(gemini, make(), reconcile, undefined, more);
    const job = await startJob(app.jobs, 'video', {});
    const name = job.name!;
    const send = async (type: string, data: object = {}) => {
      const body = bodyOf(type, { id: name, ...(type === 'video.generated' && FILE), ...data });
      const { status } = await post(app.route.uri!, withHmac(SECRET, body));
      expect(TAKEN).toContain(status);
    };
    return { gemini, job, name, send, heard: app.heard };
  };

  it.each([
    { first: 'interaction.completed', second: 'video.generated', file: /\/files\//, polls: 1 },
    { first: 'video.generated', second: 'interaction.completed', file: /from-the-event/, polls: 0 },
  ])('that announces our video as $first and as $second delivers one event', async ({ first, second, file, polls }) => {
    const { gemini, job, name, send, heard } = await started();
    gemini.finish(name);

    await send(first);
    await until(() => heard.length > 0);
    await send(second);

    expect(await job.completed()).toMatchObject({ type: 'video.generated', data: { id: name } });
    expect(heard).toMatchObject([
      {
        type: 'video.generated',
        data: { output_file_uri: expect.stringMatching(file) },
        resource: { kind: 'video', name },
        delivery: { sentType: first, strategy: 'hmac' },
      },
    ]);
    expect(gemini.countOf('interactions.get')).toBe(polls);
  });

  it.each(['succeeded', 'filtered', 'failed', 'cancelled'] as const)(
    'that arrives after a poll has found that our video %s delivers the same event',
    async (end) => {
      const { gemini, job, name, send, heard } = await started(SOON);
      gemini.finish(name, end);
      await job.completed().catch(() => undefined);
      await until(() => heard.length > 0);

      const announced = { succeeded: 'completed', filtered: 'completed', failed: 'failed', cancelled: 'cancelled' };
      await send(`interaction.${announced[end]}`);

      expect(typesOf(heard)).toEqual([end === 'succeeded' ? 'video.generated' : 'video.failed']);
      expect(heard[0]).toMatchObject({ delivery: { strategy: 'reconciled' } });
    },
  );

  it('that announces a refused video as completed delivers a video.failed with its own id', async () => {
    const { gemini, job, name, send, heard } = await started();
    gemini.finish(name, 'filtered');

    await send('interaction.completed');

    await expect(job.completed()).rejects.toMatchObject({ code: 'filtered', event: { type: 'video.failed' } });
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([
      {
        type: 'video.failed',
        data: { reason: 'filtered' },
        delivery: { id: expect.stringMatching(/^msg_/), strategy: 'hmac', sentType: 'interaction.completed' },
      },
    ]);
  });
});

describe.each(INBOXES)('the token of a job, on $inbox', ({ make }) => {
  const google = new GoogleKeys();
  const started = async () => {
    const gemini = await startGemini({ videoEvent: 'none' });
    return { gemini, ...(await startJobsApp(gemini, make(), undefined, { keySet: google.keySet })) };
  };
  const send = async ({ route }: JobsApp, { id, kind }: GeminiJob, type: string, data: object) => {
    const uri = `${route.uri}?gemini_binding=${await bindingTokenOf({ kind, job: id })}`;
    return post(uri, withEd25519(google.key(), bodyOf(type, data)));
  };

  it('for a video does not cover the event of a batch, nor the reverse', async () => {
    const { gemini, ...app } = await started();
    const [video, batch] = [await app.start('video'), await app.start('batch')];

    const answers = [
      await send(app, video, 'batch.succeeded', { id: video.name }),
      await send(app, batch, 'video.generated', { id: batch.name, ...FILE }),
      await send(app, batch, 'interaction.completed', { id: batch.name }),
    ];

    for (const answer of answers) expect(answer).toMatchObject({ status: 403, body: { code: 'unbound_delivery' } });
    expect([app.heard, gemini.countOf('batches.get'), gemini.countOf('interactions.get')]).toEqual([[], 0, 0]);
  });

  it('for an interaction covers a video.generated', async () => {
    const { gemini: _gemini, ...app } = await started();
    const job = await app.start('interaction');

    const { status } = await send(app, job, 'video.generated', { id: job.name, ...FILE });

    expect(TAKEN).toContain(status);
    expect(await job.completed()).toMatchObject({ type: 'video.generated', data: FILE });
    await until(() => app.heard.length === 1);
  });

  it('for a video covers an event with another name for it, and the film can still be found and extended', async () => {
    const { gemini, ...app } = await started();
    const job = await app.start('video');
    gemini.finish(job.name!);

    const { status } = await send(app, job, 'video.generated', { id: 'name-of-the-video', ...FILE });
    expect(TAKEN).toContain(status);
    await until(() => app.heard.length === 1);

    expect(app.heard[0]).toMatchObject({ type: 'video.generated', data: FILE });
    for (const ref of [job, app.heard[0]!]) {
      const longer = await app.jobs.extendVideo(ref, { prompt: 'A storm comes.' }, app.route);
      expect(longer.kind).toBe('video');
    }
  });
});

describe.each(INBOXES)('while Gemini cannot be polled, on $inbox', ({ isDurable, make }) => {
  const started = async (reconcile: ReconcileOptions = LATER) => {
    const gemini = await startGemini({ videoEvent: 'interaction.completed' });
    const app = await startJobsApp(gemini, make(), reconcile);
    const job = await app.start('video');
    return { gemini, app, job, name: job.name!, heard: app.heard };
  };

  it('the event of a video waits, and its handlers run once when Gemini answers again', async () => {
    const { gemini, job, name, heard } = await started();
    const remove = gemini.inject(UNREACHABLE);

    gemini.finish(name);
    await gemini.idle();
    await until(() => gemini.countOf('interactions.get') >= 1);
    expect([gemini.deliveries.at(-1)?.status, heard]).toEqual([isDurable ? 202 : 503, []]);
    // Longer than the attempts of the inbox.
    if (isDurable) await until(() => gemini.countOf('interactions.get') > ATTEMPTS, { withinMs: 15_000 });
    remove();
    await gemini.advance(60_000);

    expect(await job.completed()).toMatchObject({ type: 'video.generated' });
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ type: 'video.generated', delivery: { strategy: 'jwks' } }]);
  });

  it('a lost job does not count as successful when a completion arrives', async () => {
    const { gemini, app, job, name, heard } = await started(BRIEFLY);
    await expect(job.completed()).rejects.toMatchObject({ code: 'unknown_outcome' });
    await until(() => heard.length === 1);
    const remove = gemini.inject(UNREACHABLE);

    gemini.finish(name, 'filtered');
    await gemini.idle();
    await expect(app.jobs.waitFor(job)).rejects.toMatchObject({ code: 'unknown_outcome' });
    remove();
    await gemini.advance(60_000);
    await until(() => heard.length === 2);

    await expect(app.jobs.waitFor(job)).rejects.toMatchObject({ code: 'filtered' });
    expect(typesOf(heard)).toEqual(['video.lost', 'video.failed']);
  });
});
