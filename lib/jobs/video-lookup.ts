import { GenerateVideosOperation, type GoogleGenAI } from '@google/genai';
import { isRecord } from '../events/parse-event.js';
import type { TrackedJob } from '../inbox/job-tracker.js';
import type { QuestionOptions } from './gemini-api.js';
import type { JobState } from './job-state.js';

/** By the operation's full name: one cannot be made from the short id that an event has. */
export async function lookUpVideo(ai: GoogleGenAI, { name }: TrackedJob, { http }: QuestionOptions): Promise<JobState> {
  if (!name?.includes('/')) return { is: 'unknown' };
  const asked = new GenerateVideosOperation();
  asked.name = name;
  const operation = await ai.operations.getVideosOperation({ operation: asked, config: { httpOptions: http } });
  if (!operation.done) return { is: 'running' };
  const { error, response } = operation;
  if (error) {
    const message = isRecord(error) && typeof error['message'] === 'string' ? error['message'] : undefined;
    return { is: 'ended', name, outcome: 'failed', message };
  }
  const uri = response?.generatedVideos?.find(({ video }) => video?.uri)?.video?.uri;
  if (uri === undefined) {
    const reasons = response?.raiMediaFilteredReasons?.join('; ');
    const filtered = (response?.raiMediaFilteredCount ?? 0) > 0;
    return {
      is: 'ended',
      name,
      outcome: filtered ? 'filtered' : 'failed',
      message: reasons || (filtered ? 'the safety filters took it' : 'the operation ended without a video'),
    };
  }
  const file = /\/(files\/[^/:?]+)/.exec(uri)?.[1];
  const data = {
    id: name.slice(name.lastIndexOf('/') + 1),
    output_file_uri: uri,
    ...(file !== undefined && { file_name: file }),
  };
  return { is: 'ended', name, outcome: 'succeeded', event: { type: 'video.generated', data } };
}
