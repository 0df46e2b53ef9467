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

/** What each function refuses. Where a text or an object has a meaning, it is left out. */
const CALLS: readonly (readonly [name: string, call: Call, given: readonly unknown[]])[] = [
  ['isGeminiEvent', (given) => isGeminiEvent(given, '*'), [...ALSO_UNDEFINED, {}]],
  ['isGeminiEvent, pattern', (given) => isGeminiEvent(event, given), [undefined, null, 7, {}, true, [null]]],
  ['outputUri', (given) => outputUri(given), [...ALSO_UNDEFINED, {}, { data: null }]],
  ['getGeminiToken', (given) => getGeminiToken(given), [...ALSO_UNDEFINED, {}]],
  ['getGeminiToken, name', (given) => getGeminiToken(GeminiJobs, given), [null, 7, [], true, '']],
  ['geminiSignatureGuard', (given) => geminiSignatureGuard(given), [undefined, null, 7, [], true, '']],
  ['GeminiInbox.accept', (given) => app.get(GeminiInbox).accept(given), [...ALSO_UNDEFINED, {}]],
  [
    'SignatureVerifier.verify',
    (given) => app.get(SignatureVerifier).verify(given),
    [...ALSO_UNDEFINED, {}, REQUEST, { ...REQUEST, url: '/' }, { ...REQUEST, params: {} }],
  ],
  ['createBatch', (given) => jobs().createBatch(given), ALSO_UNDEFINED],
  ['createVideo', (given) => jobs().createVideo(given), ALSO_UNDEFINED],
  ['createInteraction', (given) => jobs().createInteraction(given), [undefined, null, 7, 'text', true]],
  ['generateVideos', (given) => jobs().generateVideos(given), ALSO_UNDEFINED],
  ['generateVideos, options', (given) => jobs().generateVideos({ model: 'veo', prompt: 'x' }, given), WRONG],
  ['webhookConfig', (given) => jobs().webhookConfig(given), [...WRONG, { meta: {} }]],
  ['track', (given) => jobs().track(given), [undefined, null, 7, [], true, {}, '']],
  ['track, options', (given) => jobs().track('batches/1', given), WRONG],
  ['waitFor, options', (given) => jobs().waitFor('batches/1', given), WRONG],
  ['completed', async (given) => (await jobs().track('batches/1')).completed(given), WRONG],
  ['extendVideo, options', (given) => jobs().extendVideo('v1_x', { prompt: 'x' }, given), WRONG],
  ['outputVideo, options', (given) => jobs().outputVideo('v1_x', given), WRONG],
  ['downloadVideo, options', (given) => jobs().downloadVideo('files/x', 'x.mp4', given), WRONG],
  ['batchInput', (given) => jobs().batchInput(given), [undefined, null, 7, {}, true]],
  ['batchInput, options', (given) => jobs().batchInput([], given), WRONG],
  ['batchResults, options', (given) => jobs().batchResults('batches/1', given).next(), WRONG],
  ['embeddingResults, options', (given) => jobs().embeddingResults('batches/1', given).next(), WRONG],
  ['sync', (given) => endpoints().sync(given), [...ALSO_UNDEFINED, {}]],
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
