import type { GeminiWebhookConfig } from 'nestjs-gemini-webhooks';
import type { SignWithPrivateKey, SignWithSecret } from 'nestjs-gemini-webhooks/testing';
import { newSecret, type GeminiSide } from './gemini-side.js';
import type { Outcome } from './outcome.js';

/** One thing that Gemini, or somebody who would like to be Gemini, sends to the app. */
export interface DemoDelivery {
  /** For the summary. */
  readonly name: string;
  /** For the walk-through. */
  readonly story: string;
  readonly url: URL;
  readonly signing: (SignWithSecret | SignWithPrivateKey) & { readonly event: EventToSend };
  readonly expected: Outcome;
}

interface EventToSend {
  readonly type: string;
  readonly [field: string]: unknown;
}

const HOUR_MS = 3_600_000;

/**
 * The whole tour, in the order in which it is sent.
 *
 * @param route where the app takes deliveries; those for its public address are sent there too, as a proxy would do
 * @param webhookConfig what the app has "started" its video with
 */
export function demoDeliveries(route: string, gemini: GeminiSide, webhookConfig: GeminiWebhookConfig): DemoDelivery[] {
  const { secret, privateKeys } = gemini;
  const url = new URL(route);
  const [publicUri = route] = webhookConfig.uris;
  const { pathname, search } = new URL(publicUri);
  const boundUrl = new URL(pathname + search, url);

  const batch = batchSucceeded('1001');
  const failure = {
    type: 'batch.failed',
    data: { id: 'batch_1002', error_code: 'INVALID_ARGUMENT', error_message: 'line 7 is no JSON' },
  };
  const video = {
    type: 'video.generated',
    data: { id: 'models/veo-3.1/operations/v1', file_name: 'files/clip-1', output_file_uri: 'files/clip-1' },
  };

  return [
    {
      name: 'batch, static webhook',
      story: "A batch is done. Static webhook: signed with the endpoint's secret.",
      url,
      signing: { id: 'msg_1', event: batch, secret },
      expected: { status: 200, word: 'processed', handlers: ['BatchHandlers.publish', 'AuditHandlers.record'] },
    },
    {
      name: 'the same once more',
      story: 'Gemini did not hear the answer and sends it once more. No method runs again.',
      url,
      signing: { id: 'msg_1', event: batch, secret },
      expected: { status: 200, word: 'duplicate', handlers: [] },
    },
    {
      name: 'video, dynamic webhook',
      story:
        "A video is done. Dynamic webhook: signed with one of Google's three keys, to the URI that GeminiJobs made.",
      url: boundUrl,
      signing: {
        id: 'msg_2',
        event: { ...video, user_metadata: webhookConfig.userMetadata },
        privateKey: anyOf(privateKeys),
      },
      expected: { status: 200, word: 'processed', handlers: ['VideoHandlers.deliver', 'AuditHandlers.record'] },
    },
    {
      name: 'forged',
      story: 'Somebody who does not know the secret makes up a batch.',
      url,
      signing: { id: 'msg_3', event: batchSucceeded('6666'), secret: newSecret() },
      expected: { status: 401, word: 'signature_mismatch', handlers: [] },
    },
    {
      name: "another project's",
      story:
        "Somebody points a dynamic webhook of their own project here. Google's signature is right, but no token is ours.",
      url,
      signing: { id: 'msg_4', event: video, privateKey: anyOf(privateKeys) },
      expected: { status: 403, word: 'unbound_delivery', handlers: [] },
    },
    {
      name: 'stale',
      story: 'Somebody recorded a delivery an hour ago and plays it back. Its signature is right, its time is not.',
      url,
      signing: { id: 'msg_5', event: batchSucceeded('1000'), secret, timestamp: new Date(Date.now() - HOUR_MS) },
      expected: { status: 400, word: 'timestamp_out_of_tolerance', handlers: [] },
    },
    {
      name: 'a method fails',
      story:
        'A batch has failed. The pager is down, so one of two methods fails: the answer asks Gemini to come again.',
      url,
      signing: { id: 'msg_6', event: failure, secret },
      expected: { status: 500, word: 'handler_failed', handlers: ['BatchHandlers.alert', 'AuditHandlers.record'] },
    },
    {
      name: "Gemini's retry",
      story: 'Gemini comes again. Only the method that failed runs.',
      url,
      signing: { id: 'msg_6', event: failure, secret },
      expected: { status: 200, word: 'processed', handlers: ['BatchHandlers.alert'] },
    },
  ];
}

function batchSucceeded(id: string) {
  return { type: 'batch.succeeded', data: { id: `batch_${id}`, output_file_uri: `files/results-${id}` } };
}

/** A signature does not say which of Google's keys it is of. */
function anyOf<Key>(keys: readonly Key[]): Key {
  return keys[Math.floor(Math.random() * keys.length)] as Key;
}
