import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, specsOf } from '../jest/tiers.js';

// Property specs choose at random, so that mutants would survive in one week and not in the other.
const fast = specsOf('fast').filter((spec) => !spec.includes('.property.'));
// In the order of the places, because unit tests kill most mutants in a fraction of the time.
const specsIn = (...places) => places.flatMap((place) => fast.filter((spec) => spec.startsWith(`test/${place}`)));
const filesIn = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts'));

const LOST = 'lib/handlers/lost-handlers.ts';

/** The files whose mutants each run tests, and the specs that shall kill them. No run needs a server. */
export const RUNS = {
  events: { files: filesIn('lib/events'), specs: specsIn('unit/events/') },
  signature: { files: filesIn('lib/signature'), specs: specsIn('unit/signature/') },
  inbox: {
    files: filesIn('lib/inbox'),
    specs: specsIn('unit/inbox/', 'contract/inline-', 'e2e/bus-reports', 'e2e/handlers-inbox'),
  },
  handlers: {
    files: filesIn('lib/handlers').filter((file) => file !== LOST),
    specs: specsIn('unit/handlers/', 'e2e/handlers-').filter((spec) => !spec.includes('handlers-lost')),
  },
  // Looks for classes that no app of the process has, so it has a process of its own.
  'lost-handlers': { files: [LOST], specs: specsIn('e2e/handlers-lost') },
  polling: {
    files: filesIn('lib/jobs/polling'),
    specs: specsIn('unit/jobs/polling/', 'unit/bullmq/tracked-jobs/', 'contract/inline-job-tracker'),
  },
  deliveries: { files: filesIn('lib/bullmq/deliveries'), specs: specsIn('unit/bullmq/deliveries/') },
};
