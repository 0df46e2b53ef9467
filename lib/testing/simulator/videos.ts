import { randomBytes } from 'node:crypto';
import { apiPath } from './api-path.js';
import { downloadUri } from './files.js';
import type { FileStore } from './file-store.js';
import { requiredObject, webhookIn, type JsonObject } from './request-fields.js';
import { SAMPLE_VIDEO } from './sample-video.js';
import type { ApiRequest, JobEnd, SimulatedResource, SimulatorContext } from './simulated-api.js';
import { SimulatedJobs, type JobOutcome, type SimulatedJob } from './simulated-job.js';
import { videoRequestOf, type Clip, type VideoRequest } from './veo-rules.js';

/** `google.rpc.Status` of operations that end so. */
const ERRORS: Readonly<Partial<Record<JobEnd, JsonObject>>> = {
  failed: { code: 13, message: 'Simulated failure of the video.' },
  cancelled: { code: 1, message: 'The operation was cancelled.' },
};

/** Names of the files that were made. */
type VideoResult = readonly string[];
type Video = SimulatedJob<VideoRequest, VideoResult>;

/**
 * Veo: `ai.models.generateVideos`, with the rules of the real one, and `ai.operations.getVideosOperation`. Only a video
 * that was made is announced: one that failed or was filtered is not (wire.md).
 */
export function videosResource(context: SimulatorContext, files: FileStore): SimulatedResource {
  const made = new Map<string, Clip>();
  const videos = new SimulatedJobs<VideoRequest, VideoResult>(context, 'video', {
    conclude: ({ request: { clip, videos: count } }, end) => ({
      end,
      result: end === 'succeeded' ? Array.from({ length: count }, () => madeFile(clip)) : [],
    }),
    announce: (video, outcome) => {
      const event = eventOf(video, outcome);
      if (event !== undefined) context.emit(event, { kind: 'video', name: video.name }, video.webhook);
    },
  });
  return {
    finish: (name, end) => videos.finish(name, end),
    routes: [
      {
        method: 'POST',
        path: apiPath('(models/[^/:]+):predictLongRunning'),
        operation: 'models.generateVideos',
        handle: async (request) => {
          const { name } = videos.start(await newVideo(request, made, files));
          return { json: { name } };
        },
      },
      {
        method: 'GET',
        path: apiPath('(models/[^/]+/operations/[^/:]+)'),
        operation: 'operations.getVideosOperation',
        handle: async ({ params: [name = ''] }) => ({ json: operationOf(await videos.get(name)) }),
      },
    ],
  };

  function madeFile(clip: Clip): string {
    const { name } = files.put(SAMPLE_VIDEO, { mimeType: 'video/mp4', source: 'GENERATED', seconds: clip.seconds });
    made.set(name, clip);
    return name;
  }
}

async function newVideo(request: ApiRequest, made: ReadonlyMap<string, Clip>, files: FileStore) {
  const model = request.params[0] ?? '';
  const body = requiredObject(await request.json(), 'body');
  return {
    name: `${model}/operations/${randomBytes(6).toString('hex')}`,
    webhook: webhookIn(body['webhookConfig']),
    request: videoRequestOf(model, body, made, files),
  };
}

function eventOf({ name }: Video, { result: [fileName] }: JobOutcome<VideoResult>) {
  if (fileName === undefined) return undefined;
  const id = name.slice(name.lastIndexOf('/') + 1);
  return {
    type: 'video.generated',
    data: { id, output_file_uri: downloadUri(fileName), file_name: fileName },
  };
}

function operationOf({ name, ended, request }: Video): JsonObject {
  if (ended === undefined) return { name };
  const error = ERRORS[ended.end];
  if (error !== undefined) return { name, done: true, error };
  return {
    name,
    done: true,
    response: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse',
      generateVideoResponse:
        ended.end === 'filtered' ? filtered(request.videos) : { generatedSamples: ended.result.map(sample) },
    },
  };
}

function sample(fileName: string): JsonObject {
  return { video: { uri: downloadUri(fileName) } };
}

function filtered(count: number): JsonObject {
  return { raiMediaFilteredCount: count, raiMediaFilteredReasons: ['Simulated safety filter.'] };
}
