import sequencer from '@jest/test-sequencer';

/** Short files that take long. Until Jest has measured a file, it goes by the length. */
const SLOW = [
  'package/bundles',
  'package/starters',
  'package/nest-add',
  'package/hosts',
  'package/runtimes',
  'e2e/bullmq-unfinished-handlers.e2e',
  'e2e/bullmq-receiver-handlers.e2e',
  'e2e/endpoints-app.e2e',
  'chaos/faults',
  'chaos/claims',
  'chaos/endpoints-fleet',
  'chaos/killed-event',
  'chaos/store-outage',
  'chaos/jobs-killed',
  'chaos/attacks',
];

const { default: Sequencer = sequencer } = sequencer;

/** Starts the slow files first, so that the run does not end with one of them on its own. */
export default class SlowFirst extends Sequencer {
  async sort(tests) {
    const isSlow = ({ path }) => SLOW.some((name) => path.endsWith(`test/${name}.spec.ts`));
    const sorted = await super.sort(tests);
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))];
  }
}
