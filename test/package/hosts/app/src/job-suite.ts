import { GeminiJobError, type GeminiJob, type GeminiJobs, type JobRouteOptions } from 'nestjs-gemini-webhooks';
import type { GeminiSimulator } from 'nestjs-gemini-webhooks/testing';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An app that starts jobs on a simulated Gemini. */
export interface JobsApp {
  readonly jobs: GeminiJobs;
  readonly gemini: GeminiSimulator;
  readonly route: JobRouteOptions;
  /** True if no webhook comes and jobs are polled. */
  readonly isPolled: boolean;
  /** Types of the events that handlers must have heard when the suite is through. */
  readonly due: string[];
}

/** What each kind of job goes through, whether its webhooks come or not. Each function reports how its jobs ended. */
export const JOB_SUITE: Readonly<Record<string, (app: JobsApp) => Promise<object>>> = { batches, videos, interactions };

const MODEL = 'gemini-3.8-flash';
const TIMEOUT_MS = 20_000;

async function batches({ jobs, gemini, route, due }: JobsApp): Promise<object> {
  const config = { webhookConfig: { userMetadata: { order: 7 } } };
  const src = ['one', 'two'].map((text) => ({ contents: asking(text), metadata: { key: `key ${text}` } }));
  const inline = await jobs.createBatch({ model: MODEL, src, config }, route);
  const input = await jobs.batchInput(requests());
  const ofFile = await jobs.createBatch({ model: MODEL, src: input.name! }, route);
  const failed = await jobs.createBatch({ model: MODEL, src: input.name! }, route);
  gemini.finish(inline.name!);
  gemini.finish(ofFile.name!);
  gemini.finish(failed.name!, 'failed');
  return {
    inline: await endOf(inline, due),
    inlineResults: await resultsOf(jobs, inline),
    ofFile: await endOf(ofFile, due),
    fileResults: await resultsOf(jobs, ofFile),
    failed: await endOf(failed, due),
  };
}

async function videos({ jobs, gemini, route, isPolled, due }: JobsApp): Promise<object> {
  const clip = await jobs.createVideo(
    { input: 'a quiet sea', response_format: { duration: '8s' }, webhook_config: { user_metadata: { order: 9 } } },
    route,
  );
  gemini.finish(clip.name!);
  const made = await endOf(clip, due);
  const longer = await jobs.extendVideo(clip, { prompt: 'A storm comes.' }, route);
  gemini.finish(longer.name!);
  const extended = await endOf(longer, due);
  const refused = await jobs.createVideo({ input: 'a quiet sea' }, route);
  gemini.finish(refused.name!, 'filtered');
  const { uri } = await jobs.outputVideo(longer);
  return {
    made,
    extended,
    refused: await endOf(refused, due),
    film: uri === undefined ? 'none' : await beginningOf(jobs, longer),
    ...(isPolled && { veo: await codeOf(jobs.generateVideos({ model: 'veo', source: { prompt: 'the sea' } }, route)) }),
  };
}

async function interactions({ jobs, gemini, route, isPolled, due }: JobsApp): Promise<object> {
  const start = (params: Parameters<GeminiJobs['createInteraction']>[0]) => jobs.createInteraction(params, route);
  const text = await start({ model: MODEL, input: 'one', webhook_config: { user_metadata: { order: 8 } } });
  const research = await start({ agent: 'deep-research-preview-04-2026', input: 'two' });
  const failed = await start({ model: MODEL, input: 'three' });
  // Gemini announces no such end.
  const incomplete = isPolled ? await start({ model: MODEL, input: 'four' }) : undefined;
  gemini.finish(text.name!);
  gemini.finish(research.name!);
  gemini.finish(failed.name!, 'failed');
  if (incomplete) gemini.finish(incomplete.name!, 'incomplete');
  return {
    text: await endOf(text, due),
    research: await endOf(research, due),
    failed: await endOf(failed, due),
    ...(incomplete && { incomplete: await endOf(incomplete, due) }),
  };
}

/** The event of success and the metadata that came with it, or the code of the error. */
async function endOf(job: GeminiJob, due: string[]): Promise<string> {
  try {
    const { type, userMetadata } = await job.completed({ timeoutMs: TIMEOUT_MS });
    due.push(type);
    return [type, ...Object.entries(userMetadata).map(([name, value]) => `${name}=${String(value)}`)].join(' ');
  } catch (error) {
    if (!(error instanceof GeminiJobError)) throw error;
    if (error.event) due.push(error.event.type);
    return `${error.name} ${error.code}`;
  }
}

/** The type in the header of the downloaded film. */
async function beginningOf(jobs: GeminiJobs, job: GeminiJob): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'job-suite-'));
  try {
    await jobs.downloadVideo(job, join(folder, 'film.mp4'));
    return (await readFile(join(folder, 'film.mp4'))).subarray(4, 8).toString();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The code of the error that a start ends with. @google/genai 2 asks the API for it, which answers that the model is gone. */
async function codeOf(starting: Promise<unknown>): Promise<unknown> {
  const error = await starting.then(
    () => undefined,
    (thrown: Error & { code?: string; status?: number }) => thrown,
  );
  return error?.code ?? error?.status ?? 'started';
}

async function resultsOf(jobs: GeminiJobs, job: GeminiJob): Promise<string[]> {
  const results: string[] = [];
  for await (const { key, response, error } of jobs.batchResults(job)) {
    results.push(`${key}: ${response ? response.text : error.message}`);
  }
  // Gemini promises no order.
  return results.sort();
}

async function* requests() {
  for (const text of ['three', 'four']) yield { key: `key ${text}`, request: { contents: asking(text) } };
}

function asking(text: string) {
  return [{ role: 'user', parts: [{ text }] }];
}
