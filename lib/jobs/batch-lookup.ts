import type { BatchJob, GoogleGenAI } from '@google/genai';
import type { TrackedJob } from '../inbox/job-tracker.js';
import type { QuestionOptions } from './gemini-api.js';
import type { JobState } from './job-state.js';

/** How many of a project's batches are looked through for one whose name was never recorded. */
const SEARCHED_PAGES = 20;
const PAGE_SIZE = 100;

/** Google's clock need not be ours, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** By its name, or by its display name when a process ended between Gemini's answer and the record. */
export async function lookUpBatch(ai: GoogleGenAI, job: TrackedJob, { http }: QuestionOptions): Promise<JobState> {
  if (job.name !== undefined) {
    const name = job.name.includes('/') ? job.name : `batches/${job.name}`;
    return stateOf(await ai.batches.get({ name, config: { httpOptions: http } }), name);
  }
  const found = await findBatch(ai, job, http);
  return found?.name === undefined ? { is: 'unknown' } : stateOf(found, found.name);
}

/** The one batch of that display name that began with the job: a name of the caller's own may have been used before. */
async function findBatch(
  ai: GoogleGenAI,
  { displayName, createdAt }: TrackedJob,
  httpOptions: QuestionOptions['http'],
): Promise<BatchJob | undefined> {
  if (displayName === undefined) return undefined;
  const found: BatchJob[] = [];
  const pager = await ai.batches.list({ config: { pageSize: PAGE_SIZE, httpOptions } });
  for (let page = pager.page, pages = 1; ; pages += 1) {
    found.push(...page.filter((batch) => batch.displayName === displayName && isSince(batch, createdAt)));
    if (pages === SEARCHED_PAGES || !pager.hasNextPage()) break;
    page = await pager.nextPage();
  }
  return found.length === 1 ? found[0] : undefined;
}

function isSince({ createTime }: BatchJob, createdAt: number): boolean {
  const began = Date.parse(createTime ?? '');
  return Number.isNaN(began) || began >= createdAt - CLOCK_SKEW_MS;
}

/** As the SDK spells states, whatever the API calls them (`BATCH_STATE_…` on the wire). */
function stateOf({ state, dest, error }: BatchJob, name: string): JobState {
  const id = name.slice(name.lastIndexOf('/') + 1);
  switch (state?.replace(/^(JOB|BATCH)_STATE_/, '')) {
    case 'SUCCEEDED':
    case 'PARTIALLY_SUCCEEDED': {
      const file = dest?.fileName;
      const data = { id, ...(file !== undefined && { output_file_uri: file }) };
      return { is: 'ended', name, outcome: 'succeeded', event: { type: 'batch.succeeded', data } };
    }
    case 'FAILED': {
      const data = {
        id,
        ...(error?.code !== undefined && { error_code: error.code }),
        ...(error?.message !== undefined && { error_message: error.message }),
      };
      return { is: 'ended', name, outcome: 'failed', event: { type: 'batch.failed', data }, message: error?.message };
    }
    case 'EXPIRED':
      return { is: 'ended', name, outcome: 'expired', event: { type: 'batch.expired', data: { id } } };
    case 'CANCELLED':
      return { is: 'ended', name, outcome: 'cancelled', event: { type: 'batch.cancelled', data: { id } } };
    default:
      return { is: 'running' };
  }
}
