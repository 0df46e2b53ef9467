import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GeminiJobs, GeminiWebhooksModule } from '../../dist/index.js';
import { GeminiSimulator } from '../../dist/testing/index.js';
import { QUICK } from './harness.js';

/**
 * A film whose webhooks never come, as has been seen (google-gemini/cookbook#1297): how much longer polling makes it. In
 * real time, with the default schedule of polls: clips of 10 to 40 s, the next one started by the event of the one before.
 */
const CLIPS = QUICK ? 2 : 12;
const MIN_SECONDS = 10;
const MAX_SECONDS = QUICK ? 15 : 40;
/** Of a chain; the API makes films of at most 40 s. */
const CLIPS_IN_CHAIN = 5;

const gemini = await GeminiSimulator.start({ durations: { video: Infinity }, videoEvent: 'none' });
class AppModule {}
const webhooks = GeminiWebhooksModule.forRoot({
  gemini: gemini.clientOptions,
  binding: { secret: 'of the benchmark' },
});
const app = await NestFactory.create({ module: AppModule, imports: [webhooks] }, { logger: false });
await app.init();
const jobs = app.get(GeminiJobs);

const clipMs = Array.from({ length: CLIPS }, (_, clip) => {
  const share = ((clip * 7) % CLIPS) / Math.max(1, CLIPS - 1);
  return Math.round(1000 * (MIN_SECONDS + share * (MAX_SECONDS - MIN_SECONDS)));
});
const began = performance.now();
let before;
for (const [clip, ms] of clipMs.entries()) {
  const job =
    clip % CLIPS_IN_CHAIN === 0
      ? await jobs.createVideo({ input: `clip ${clip}` })
      : await jobs.extendVideo(before, { prompt: `clip ${clip}` });
  setTimeout(() => gemini.finish(job.name), ms);
  before = await job.completed();
}
const tookMs = performance.now() - began;
const sumMs = clipMs.reduce((sum, ms) => sum + ms, 0);
const polls = gemini.countOf('interactions.get');
await app.close();
await gemini.close();

process.send?.([
  {
    what: `film of ${CLIPS} clips whose webhooks never come, to its end`,
    beside: "the sum of the clips' own times",
    value: (tookMs / sumMs).toFixed(2),
    target: '≤ 1.25',
    met: tookMs / sumMs <= 1.25,
  },
  { what: 'the same, polls', beside: `${CLIPS} clips`, value: String(polls), target: '', met: undefined },
]);
process.disconnect?.();
