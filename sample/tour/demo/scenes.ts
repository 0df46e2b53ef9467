import type { GeminiJob } from 'nestjs-gemini-webhooks';
import { signGeminiDelivery, type SignWithSecret } from 'nestjs-gemini-webhooks/testing';
import { randomBytes } from 'node:crypto';
import type { Orders } from '../orders.js';
import type { DemoGemini } from './gemini.js';
import type { Outcome } from './outcome.js';

/** Something that happens between Gemini, or somebody who would like to be Gemini, and the app. */
export interface Scene {
  /** For the summary. */
  readonly name: string;
  /** For the walk-through. */
  readonly story: string;
  readonly expected: Outcome;
  /** Resolves when all deliveries have been answered, with the job that the app waits for, if any. */
  play(): Promise<GeminiJob | void>;
}

/** Who takes part. */
export interface Cast {
  readonly gemini: DemoGemini;
  readonly orders: Orders;
  /** Where deliveries go. */
  readonly webhookUri: string;
}

export const ALERT = 'BatchHandlers.alert';
export const AUDIT = 'AuditHandlers.record';
const PUBLISH = 'BatchHandlers.publish';
const DELIVER = 'VideoHandlers.deliver';

const HOUR_MS = 3_600_000;

/** The whole tour, in the order in which it is played. */
export function demoScenes(cast: Cast): Scene[] {
  return [...staticScenes(cast), ...jobScenes(cast), ...hostileScenes(cast), ...failureScenes(cast)];
}

function staticScenes({ gemini }: Cast): Scene[] {
  return [
    {
      name: 'batch, static',
      story: "A batch of another program is done. Static webhook: signed with the endpoint's secret.",
      expected: { answers: ['200 processed'], handlers: [PUBLISH, AUDIT] },
      play: async () => gemini.end(await gemini.startBatch()),
    },
    {
      name: 'batch, sent twice',
      story: 'The webhook of the next one comes twice. No method runs again.',
      expected: { answers: ['200 processed', '200 duplicate'], handlers: [PUBLISH, AUDIT] },
      play: async () => {
        gemini.mishap('duplicate');
        await gemini.end(await gemini.startBatch());
      },
    },
  ];
}

function jobScenes({ gemini, orders }: Cast): Scene[] {
  return [
    {
      name: 'video, dynamic',
      story:
        "The app has started a video and waits. Dynamic webhook: signed with one of Google's keys, bound to the job.",
      expected: { answers: ['200 processed'], handlers: [DELIVER, AUDIT], completed: true },
      play: async () => {
        const video = await orders.film('A-17', 'a paper boat in the rain');
        await gemini.end(video.name!);
        return video;
      },
    },
    {
      name: 'batch, dynamic',
      story: 'The app has started a batch too, and does not wait: its methods hear of the end.',
      expected: { answers: ['200 processed'], handlers: [PUBLISH, AUDIT] },
      play: async () => gemini.end((await orders.summaries(['of rain', 'of boats'])).name!),
    },
    {
      name: 'webhook lost',
      story: "The next batch's webhook is lost. The app asks Gemini, and its methods get the event all the same.",
      expected: { answers: [], handlers: [PUBLISH, AUDIT], completed: true, lookups: 1 },
      play: async () => {
        gemini.mishap('lose');
        const batch = await orders.summaries(['of paper']);
        await gemini.end(batch.name!);
        return batch;
      },
    },
  ];
}

function hostileScenes({ gemini, orders, webhookUri }: Cast): Scene[] {
  return [
    {
      name: "another project's",
      story:
        "A video, and a webhook of somebody else's project. Google's signature is right on both, but one has no token of ours.",
      expected: { answers: ['200 processed', '403 unbound_delivery'], handlers: [DELIVER, AUDIT] },
      play: async () => {
        gemini.mishap('foreign');
        await gemini.end((await orders.film('A-18', 'a paper crane in the snow')).name!);
      },
    },
    {
      name: 'forged',
      story: 'Somebody who does not know the secret makes up a batch.',
      expected: { answers: ['401 signature_mismatch'], handlers: [] },
      play: () => post(webhookUri, { secret: `whsec_${randomBytes(32).toString('base64')}` }),
    },
    {
      name: 'stale',
      story: 'Somebody recorded a delivery an hour ago and plays it back. Its signature is right, its time is not.',
      expected: { answers: ['400 timestamp_out_of_tolerance'], handlers: [] },
      play: () => post(webhookUri, { secret: gemini.secret, timestamp: new Date(Date.now() - HOUR_MS) }),
    },
  ];
}

function failureScenes({ gemini }: Cast): Scene[] {
  return [
    {
      name: 'a method fails',
      story:
        'A batch has failed. The pager is down, so one of two methods fails: the answer asks Gemini to come again.',
      expected: { answers: ['500 handler_failed'], handlers: [ALERT, AUDIT] },
      play: async () => gemini.end(await gemini.startBatch(), 'failed'),
    },
    {
      name: "Gemini's retry",
      story: 'Gemini comes again. Only the method that failed runs.',
      expected: { answers: ['200 processed'], handlers: [ALERT] },
      play: () => gemini.sendAgain(),
    },
  ];
}

/** What Gemini would not send. */
async function post(url: string, signing: Omit<SignWithSecret, 'event'>): Promise<void> {
  const event = { type: 'batch.succeeded', data: { id: 'batch_6666', output_file_uri: 'files/6666' } };
  const { headers, body } = signGeminiDelivery({ ...signing, event });
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.body?.cancel();
}
