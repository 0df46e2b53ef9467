import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import {
  GeminiFailedEvents,
  GeminiJobs,
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
} from '../../lib/index.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp, type RunningApp } from '../support/apps.js';
import { BINDING_SECRET, bindingTokenOf } from '../support/binding-tokens.js';
import { post } from '../support/http.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { drained, openQueue } from '../support/queues.js';
import { bodyOf, GoogleKeys, withEd25519, withHmac } from '../support/senders.js';
import { SECRET } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { each } from './support/load.js';
import { restoredStore, SAVED_QUEUE, type RestoredStore, type SavedJob } from './support/saved-data.js';

const NEW_EVENTS = 100;
const ONCE = { 'Orders.publish': 1, alerts: 1 };
/** `Orders.publish` had succeeded. */
const ALERTS_ONLY = { alerts: 1 };
/** `alerts` receives only events of batches. */
const PUBLISH_ONLY = { 'Orders.publish': 1 };
/** Parameters of the batches that the earlier versions started. */
const BATCH = { model: 'gemini-3.8-flash', src: [{ contents: [{ parts: [{ text: 'hello' }] }] }] };

jest.setTimeout(120_000);

/** Version 0.1.0 started Veo videos and had no idempotency keys. */
const VERSIONS = [
  { version: '0.1.0', video: 'veo', hasKeys: false },
  { version: '0.2.0', video: 'keyedVideo', hasKeys: true },
];
const CASES = VERSIONS.flatMap((version) => STORES.map((store) => ({ ...version, store, name: store.name })));

describe.each(CASES)(
  'two processes on the data that version $version left in $name',
  ({ version, video, hasKeys, store }) => {
    const keys = new GoogleKeys();
    let gemini: GeminiSimulator;
    let saved: RestoredStore;
    /** Handlers that ran, by event. */
    let runs: Map<string, Record<string, number>>;

    beforeEach(async () => {
      runs = new Map();
      gemini = await startGemini();
      saved = await restoredStore(version, store);
    });

    afterEach(async () => {
      await closeApps();
      await closeSimulators();
      await saved.remove();
    });

    function count(handler: string, { data }: GeminiEvent): void {
      const id = String((data as { id?: unknown }).id);
      const counts = runs.get(id) ?? {};
      runs.set(id, { ...counts, [handler]: (counts[handler] ?? 0) + 1 });
    }

    /** @param names names of the simulator's jobs, by the names that the saved jobs have */
    function start(names: ReadonlyMap<string, string>): Promise<RunningApp> {
      @Injectable()
      class Orders {
        @OnGeminiEvent('*')
        publish(event: GeminiEvent): void {
          count('Orders.publish', event);
        }

        @OnGeminiEvent('batch.*', { name: 'alerts' })
        alert(event: GeminiEvent): void {
          count('alerts', event);
        }
      }
      const { url, prefix } = saved;
      const renamed = (requested: string) =>
        [...names].reduce((text, [name, simulated]) => text.replace(name, simulated), requested);
      const httpOptions = {
        baseUrl: gemini.baseUrl,
        fetch: (requested: string, init?: RequestInit) => fetch(renamed(requested), init),
      };
      const inbox = bullmqInbox({
        url,
        prefix,
        queueName: SAVED_QUEUE,
        backoff: { type: 'fixed', delay: 50 },
        lockDurationMs: 2_000,
      });
      return startApp(
        {
          imports: [
            GeminiWebhooksModule.forRoot({
              inbox,
              hmac: { secrets: SECRET },
              jwks: { keySet: keys.keySet },
              binding: { secret: BINDING_SECRET },
              publicUrl: 'https://app.example.com',
              gemini: { apiKey: gemini.apiKey, httpOptions: httpOptions as object },
              jobs: { reconcile: { afterMs: 2_000, maxIntervalMs: 2_000 } },
            }),
          ],
          providers: [Orders],
        },
        { adapter: ADAPTERS[0] },
      );
    }

    /** Sends an event of a static webhook until it is accepted. */
    async function send(origin: string, type: string, data: object): Promise<void> {
      await until(async () => {
        const { status } = await post(`${origin}/gemini/webhooks`, withHmac(SECRET, bodyOf(type, data)));
        return status === 202;
      });
    }

    /** Sends an event of a job's dynamic webhook. */
    async function sendOfJob(origin: string, job: SavedJob, type: string, data = {}): Promise<void> {
      const token = await bindingTokenOf({ kind: job.kind, job: job.id });
      const body = bodyOf(type, { id: shortName(job), ...data });
      const { status } = await post(`${origin}/gemini/webhooks?gemini_binding=${token}`, withEd25519(keys.key(), body));
      expect(status).toBe(202);
    }

    /** Starts a batch at the simulator, as another client. */
    async function simulatedBatch(config = {}): Promise<string> {
      const { name } = await new GoogleGenAI(gemini.clientOptions).batches.create({ ...BATCH, config });
      return name!;
    }

    it('finish what was under way and run no handler again that had succeeded', async () => {
      const job = (name: string): SavedJob => saved.jobs[name]!;
      const names = new Map<string, string>();
      for (const name of ['webhookBatch', 'polledBatch', 'trackedBatch'])
        names.set(job(name).name!, await simulatedBatch());
      // Its process was killed before it could record the name that Gemini returned.
      const interrupted = await simulatedBatch({ displayName: job('interrupted').id });
      const started = gemini.countOf('batches.create');
      const apps = [await start(names), await start(names)];
      const ids = Array.from({ length: NEW_EVENTS }, (_one, index) => `batch_new${index}`);

      const load = each(ids, 4, (id) => send(apps[ids.indexOf(id) % 2]!.origin, 'batch.succeeded', { id }));
      gemini.finish(names.get(job('polledBatch').name!)!);
      gemini.finish(interrupted);
      for (const { origin } of apps) {
        await sendOfJob(origin, job('webhookBatch'), 'batch.succeeded');
        await sendOfJob(origin, job('interaction'), 'interaction.completed');
        await sendOfJob(origin, job(video), 'video.generated', { output_file_uri: 'files/video' });
        await send(origin, 'batch.succeeded', { id: 'tracked' });
        for (const id of ['done1', 'done2', 'done3', 'midway1', 'delayed2', 'waiting1', 'waiting5'])
          await send(origin, 'batch.succeeded', { id: `batch_${id}` });
        for (const id of ['exhausted', 'final']) await send(origin, 'batch.failed', { id: `batch_${id}` });
        for (const id of ['opdone', 'op7']) await send(origin, 'video.generated', { id, output_file_uri: 'files/op7' });
      }
      if (hasKeys) {
        for (const { app } of apps) {
          const jobs = app.get(GeminiJobs);
          expect((await jobs.createBatch(BATCH, { idempotencyKey: 'started' })).id).toBe(job('keyed').id);
          expect((await jobs.createVideo({ input: 'the sea' }, { idempotencyKey: 'video' })).id).toBe(
            job('keyedVideo').id,
          );
          expect((await jobs.createBatch(BATCH, { idempotencyKey: 'interrupted' })).id).toBe(job('interrupted').id);
        }
      }
      await load;
      const ends = await Promise.all(apps.map(async ({ app }) => endsIn(app.get(GeminiJobs))));
      const queue = openQueue(saved.url, SAVED_QUEUE, saved.prefix);
      await drained(queue);
      await queue.close();

      const succeeded = 'batch.succeeded';
      const expected = [succeeded, succeeded, succeeded, succeeded, succeeded, 'interaction.completed'];
      expected.push('video.generated', 'video.generated');
      expect(ends).toEqual([expected, expected]);
      expect(gemini.countOf('batches.create')).toBe(started);
      expect(gemini.countOf('interactions.create')).toBe(0);
      expect(Object.fromEntries(runs)).toEqual({
        ...allWith(ids, ONCE),
        ...allWith(
          [1, 2, 3, 4, 5].map((index) => `batch_waiting${index}`),
          ONCE,
        ),
        ...allWith(
          [1, 2].flatMap((index) => [`batch_midway${index}`, `batch_delayed${index}`]),
          ALERTS_ONLY,
        ),
        ...allWith(
          [...names.keys(), interrupted].map((name) => shortName({ name })),
          ONCE,
        ),
        ...allWith(['op7', ...[job('interaction'), job(video)].map(shortName)], PUBLISH_ONLY),
      });

      const failed = apps[0]!.app.get(GeminiFailedEvents);
      const listed = (await failed.list()).map(({ event }) => event?.data);
      expect(listed).toHaveLength(2);
      expect(listed).toContainEqual(expect.objectContaining({ id: 'batch_exhausted' }));
      expect(listed).toContainEqual(expect.objectContaining({ id: 'batch_final' }));

      await failed.replayAll();
      await until(() => runs.has('batch_exhausted') && runs.has('batch_final'));
      expect(runs.get('batch_exhausted')).toEqual(ALERTS_ONLY);
      expect(runs.get('batch_final')).toEqual(ALERTS_ONLY);
    });

    /** Types of the events that ended the saved jobs. */
    function endsIn(jobs: GeminiJobs): Promise<string[]> {
      const ids = [
        'ended',
        'webhookBatch',
        'polledBatch',
        'trackedBatch',
        'interrupted',
        'interaction',
        'trackedVideo',
        video,
      ];
      return Promise.all(
        ids.map(async (id) => {
          const { id: ref, name } = saved.jobs[id]!;
          return (await jobs.waitFor(name ?? ref, { timeoutMs: 60_000 })).type;
        }),
      );
    }
  },
);

function allWith(ids: readonly string[], counts: Record<string, number>): Record<string, Record<string, number>> {
  return Object.fromEntries(ids.map((id) => [id, counts]));
}

function shortName({ name }: Pick<SavedJob, 'name'>): string {
  return name!.slice(name!.lastIndexOf('/') + 1);
}
