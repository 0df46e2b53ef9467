import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { GeminiJob } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import { post } from '../support/http.js';
import { closeSimulators, INBOXES, POLL_OF, startGemini, startJobsApp, type JobsApp } from '../support/jobs.js';
import { bodyOf, GoogleKeys, withEd25519 } from '../support/senders.js';
import { bindingTokenOf } from '../support/binding-tokens.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

describe.each(INBOXES)("an event with a job's token and another job name, on $inbox", ({ make }) => {
  const google = new GoogleKeys();

  const started = async () => {
    const gemini = await startGemini();
    const app = await startJobsApp(gemini, make(), undefined, { keySet: google.keySet });
    return { gemini, ...app, job: await app.start('batch') };
  };

  /** Sends an event with Google's signature, as anyone who knows the URI could trigger it. */
  const send = async ({ route }: JobsApp, job: GeminiJob, id: string, type = 'batch.succeeded') => {
    const token = await bindingTokenOf({ kind: 'batch', job: job.id });
    return post(`${route.uri}?gemini_binding=${token}`, withEd25519(google.key(), bodyOf(type, { id })));
  };

  it('is refused while our job runs', async () => {
    const { gemini, job, heard, ...app } = await started();

    const answer = await send({ ...app, heard }, job, 'batch_of_another');

    expect(answer).toMatchObject({ status: 403, body: { code: 'unbound_delivery' } });
    expect([heard.length, gemini.countOf(POLL_OF.batch)]).toEqual([0, 1]);
  });

  it('is accepted once a poll reports the same end of our job', async () => {
    const { gemini, job, ...app } = await started();
    gemini.inject({ fault: 'lose' });
    gemini.finish(job.name!);

    const answer = await send(app, job, 'another-name-of-it');

    expect(answer.status).toBeLessThan(300);
    expect(await job.completed()).toMatchObject({ data: { id: 'another-name-of-it' } });
    expect(gemini.countOf(POLL_OF.batch)).toBe(1);
  });

  it('is refused if our job has ended in another way', async () => {
    const { gemini, job, ...app } = await started();
    gemini.inject({ fault: 'lose' });
    gemini.finish(job.name!, 'failed');

    expect(await send(app, job, 'batch_of_another')).toMatchObject({ status: 403 });
  });

  it('gets 503 while Gemini cannot be polled', async () => {
    const { gemini, job, ...app } = await started();
    gemini.inject({ fault: 'api_error', status: 500, operation: POLL_OF.batch });

    const answer = await send(app, job, 'batch_of_another');

    expect(answer).toMatchObject({ status: 503, body: { code: 'keys_unavailable' } });
  });

  it('is accepted without a poll if it has our name for the job, in any spelling', async () => {
    const { gemini, job, ...app } = await started();
    const id = job.name!.slice('batches/'.length);

    expect((await send(app, job, `batch_${id}`)).status).toBeLessThan(300);
    expect((await job.completed()).resource?.name).toBe(job.name);
    expect(gemini.countOf(POLL_OF.batch)).toBe(0);
  });

  it('is refused without a poll if it is of another kind', async () => {
    const { gemini, job, ...app } = await started();

    expect(await send(app, job, 'v1', 'video.generated')).toMatchObject({ status: 403 });
    expect(gemini.requests.filter(({ operation }) => operation.endsWith('get'))).toEqual([]);
  });
});
