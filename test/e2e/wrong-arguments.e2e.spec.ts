import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import {
  GeminiInbox,
  GeminiJobs,
  geminiSignatureGuard,
  GeminiWebhookEndpoints,
  getGeminiToken,
  inlineInbox,
  isGeminiEvent,
  outputUri,
  SignatureVerifier,
} from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { deliveryOf } from '../support/deliveries.js';
import { closeSimulators, startGemini, startJobsApp } from '../support/jobs.js';

/** Plain JavaScript can pass anything. */
type Call = (given: never) => unknown;

let app: INestApplication;
let requests: () => number;

beforeAll(async () => {
  const gemini = await startGemini();
  ({ app } = await startJobsApp(gemini, inlineInbox(), undefined, undefined, { publicUrl: 'https://app.example.com' }));
  requests = () => gemini.requests.length;
});

afterAll(async () => {
  await closeApps();
  await closeSimulators();
});

const jobs = () => app.get(GeminiJobs);
const endpoints = () => app.get(GeminiWebhookEndpoints);
const { event } = deliveryOf();

const WRONG = [null, 7, 'text', [], true];
const ALSO_UNDEFINED = [undefined, ...WRONG];

/** A request without its URL and its parameters. */
const REQUEST = { headers: {}, body: Buffer.from('{}') };

const WEBHOOK = {
  name: 'app',
  events: ['batch.succeeded'] as const,
  secretStore: { load: async () => [], save: async () => undefined },
};
const NO_STORES = [null, 7, 'text', [], {}, { load: async () => [] }, () => undefined, () => ({})];

/** What each function refuses. Where a text or an object has a meaning, it is left out. */
const CALLS: readonly (readonly [name: string, call: Call, given: readonly unknown[]])[] = [
  ['isGeminiEvent', (given) => isGeminiEvent(given, '*'), [...ALSO_UNDEFINED, {}]],
  ['isGeminiEvent, pattern', (given) => isGeminiEvent(event, given), [undefined, null, 7, 7n, {}, true, [null]]],
  ['outputUri', (given) => outputUri(given), [...ALSO_UNDEFINED, {}, { data: null }]],
  ['getGeminiToken', (given) => getGeminiToken(given), [...ALSO_UNDEFINED, {}, Object.create(null), 7n]],
  ['getGeminiToken, name', (given) => getGeminiToken(GeminiJobs, given), [null, 7, [], true, '']],
  ['geminiSignatureGuard', (given) => geminiSignatureGuard(given), [undefined, null, 7, [], true, '']],
  ['GeminiInbox.accept', (given) => app.get(GeminiInbox).accept(given), [...ALSO_UNDEFINED, {}]],
  [
    'SignatureVerifier.verify',
    (given) => app.get(SignatureVerifier).verify(given),
    [...ALSO_UNDEFINED, {}, REQUEST, { ...REQUEST, url: '/' }, { ...REQUEST, params: {} }],
  ],
  ['createBatch', (given) => jobs().createBatch(given), ALSO_UNDEFINED],
  ['createBatch, params', (given) => jobs().createBatch({ model: 'm', src: [] }, { params: given }), WRONG],
  ['createVideo, model', (given) => jobs().createVideo({ model: given, input: 'x' }), [null, 7, 7n, [], {}, '']],
  ['createVideo', (given) => jobs().createVideo(given), ALSO_UNDEFINED],
  ['createInteraction', (given) => jobs().createInteraction(given), [undefined, null, 7, 'text', true]],
  ['generateVideos', (given) => jobs().generateVideos(given), ALSO_UNDEFINED],
  ['generateVideos, options', (given) => jobs().generateVideos({ model: 'veo', prompt: 'x' }, given), WRONG],
  ['webhookConfig', (given) => jobs().webhookConfig(given), [...WRONG, { meta: {} }]],
  ['webhookConfig, params', (given) => jobs().webhookConfig({ params: given }), WRONG],
  ['webhookConfig, uri', (given) => jobs().webhookConfig({ uri: given }), [...WRONG, 7n]],
  ['track', (given) => jobs().track(given), [undefined, null, 7, [], true, {}, '']],
  ['track, options', (given) => jobs().track('batches/1', given), WRONG],
  ['track, params', (given) => jobs().track('batches/1', { params: given }), WRONG],
  ['waitFor, params', (given) => jobs().waitFor('batches/1', { params: given }), WRONG],
  ['waitFor, signal', (given) => jobs().waitFor('batches/1', { signal: given }), [...WRONG, {}]],
  ['waitFor, options', (given) => jobs().waitFor('batches/1', given), WRONG],
  ['completed', async (given) => (await jobs().track('batches/1')).completed(given), WRONG],
  [
    'completed, signal',
    async (given) => (await jobs().track('batches/1')).completed({ signal: given }),
    [...WRONG, {}],
  ],
  ['extendVideo, options', (given) => jobs().extendVideo('v1_x', { prompt: 'x' }, given), WRONG],
  ['outputVideo, options', (given) => jobs().outputVideo('v1_x', given), WRONG],
  ['downloadVideo, options', (given) => jobs().downloadVideo('files/x', 'x.mp4', given), WRONG],
  ['downloadVideo, signal', (given) => jobs().downloadVideo('files/x', 'x.mp4', { signal: given }), [...WRONG, {}]],
  ['batchInput', (given) => jobs().batchInput(given), [undefined, null, 7, {}, true]],
  ['batchInput, options', (given) => jobs().batchInput([], given), WRONG],
  ['batchInput, name', (given) => jobs().batchInput([], { name: given }), [null, 7, 7n, [], {}]],
  ['batchInput, signal', (given) => jobs().batchInput([], { signal: given }), [...WRONG, {}]],
  ['batchResults, options', (given) => jobs().batchResults('batches/1', given).next(), WRONG],
  ['embeddingResults, options', (given) => jobs().embeddingResults('batches/1', given).next(), WRONG],
  ['sync', (given) => endpoints().sync(given), [...ALSO_UNDEFINED, {}]],
  [
    'sync, name',
    (given) => endpoints().sync({ ...WEBHOOK, name: given }),
    [...ALSO_UNDEFINED.filter((one) => one !== 'text'), 7n, ''],
  ],
  ['sync, uri', (given) => endpoints().sync({ ...WEBHOOK, uri: given }), [...WRONG, 7n]],
  ['sync, events', (given) => endpoints().sync({ ...WEBHOOK, events: given }), [...ALSO_UNDEFINED, [7n]]],
  ['sync, secretStore', (given) => endpoints().sync({ ...WEBHOOK, secretStore: given }), NO_STORES],
  [
    'rotate, secretStore',
    (given) => endpoints().rotate('an id', { revokePrevious: 'now', secretStore: given }),
    NO_STORES,
  ],
  ['rotate', (given) => endpoints().rotate(given, { revokePrevious: 'now' }), [undefined, null, 7, [], {}, '']],
  ['rotate, options', (given) => endpoints().rotate('an id', given), [...ALSO_UNDEFINED, {}]],
  ['remove', (given) => endpoints().remove(given), [undefined, null, 7, [], {}, '']],
  ['ping', (given) => endpoints().ping(given), [undefined, null, 7, [], {}, '']],
  ['enable', (given) => endpoints().enable(given), [undefined, null, 7, [], {}, '']],
];

describe('a wrong kind of argument', () => {
  it.each(CALLS)('of %s is refused as invalid_argument, without a request to Gemini', async (_name, call, given) => {
    const before = requests();

    for (const one of given) {
      const outcome = await Promise.resolve()
        .then(() => call(one as never))
        .then(
          (result) => ({ given: one, result }),
          (error: unknown) => error,
        );
      expect(outcome).toMatchObject({
        name: 'GeminiWebhooksError',
        code: 'invalid_argument',
        message: expect.not.stringMatching(/undefined \(reading|Cannot/),
      });
    }

    expect(requests()).toBe(before);
  });
});
