import type { GoogleGenAI } from '@google/genai';
import { loadGeminiSdk } from '../../config/gemini-client.js';
import { isObject } from '../../shared/is-object.js';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import type { RequestOptions } from '../gemini-api.js';
import type { JobState } from './job-state.js';
import { failedVideo } from './video-failure.js';

/** Polls a video that was started with `generateVideos` of `@google/genai` 2, by its operation's full name. */
export async function pollOperation(ai: GoogleGenAI, name: string, { http }: RequestOptions): Promise<JobState> {
  const { GenerateVideosOperation } = await loadGeminiSdk();
  const request = new GenerateVideosOperation();
  request.name = name;
  const operation = await ai.operations.getVideosOperation({ operation: request, config: { httpOptions: http } });
  if (!operation.done) return { is: 'running' };
  const { error, response } = operation;
  if (error) {
    const message = isObject(error) && typeof error['message'] === 'string' ? error['message'] : undefined;
    return failedVideo(name, 'failed', message);
  }
  const uri = response?.generatedVideos?.find(({ video }) => video?.uri)?.video?.uri;
  if (uri === undefined) {
    const filtered = (response?.raiMediaFilteredCount ?? 0) > 0;
    return failedVideo(name, filtered ? 'filtered' : 'failed', response?.raiMediaFilteredReasons?.join('; '));
  }
  const file = /\/(files\/[^/:?]+)/.exec(uri)?.[1];
  const data = {
    id: name.slice(name.lastIndexOf('/') + 1),
    output_file_uri: uri,
    ...(file !== undefined && { file_name: file }),
  };
  return { is: 'ended', name, outcome: 'succeeded', event: { type: 'video.generated', data } };
}

/** True if the job is a long-running operation: a Veo video, not an interaction. */
export function isOperation({ name }: Pick<TrackedJob, 'name'>): boolean {
  return name !== undefined && /(^|\/)operations\//.test(name);
}
