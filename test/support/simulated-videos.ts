import type { GoogleGenAI, Interactions } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimulatedGemini } from './simulated-gemini.js';

const MODEL = 'gemini-omni-1.1-flash';

/** Time for which Gemini keeps a file. */
export const TWO_DAYS_MS = 48 * 60 * 60 * 1000;

/** Type of `response_format` of a video. */
export type VideoFormat = Interactions.VideoResponseFormat;
/** Parameters of `interactions.create` for a model. */
export type ModelInteraction = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;

/** Starts a video in the background; of a cat unless `params` say otherwise. */
export function start(ai: GoogleGenAI, { model = MODEL, ...params }: Partial<ModelInteraction>) {
  return ai.interactions.create({ model, input: 'a cat', background: true, ...params });
}

/** Starts a video and advances the clock to its end. */
export async function finished({ gemini, ai }: SimulatedGemini, params: Partial<ModelInteraction>) {
  const { id } = await start(ai, params);
  await gemini.advance(2000);
  return ai.interactions.get(id);
}

/** Extends the film of an interaction and advances the clock to its end. */
export function extended(simulated: SimulatedGemini, { id }: { readonly id: string }, response_format: VideoFormat) {
  return finished(simulated, { previous_interaction_id: id, input: 'Extend this video. It rains.', response_format });
}

/** Parameters that set Omni's task. */
export function withTask(task: string): Partial<ModelInteraction> {
  return { generation_config: { video_config: { task } } };
}

/** Length of the film from its file: `8s`. */
export async function lengthOf({ ai }: SimulatedGemini, interaction: Interactions.Interaction): Promise<unknown> {
  return (await ai.files.get({ name: fileIn(interaction) })).videoMetadata?.['videoDuration'];
}

/** Name of the file with an interaction's video, or '' if there is none. */
export function fileIn({ output_video }: Interactions.Interaction): string {
  return /files\/[a-z0-9]+/.exec(output_video?.uri ?? '')?.[0] ?? '';
}

/** Downloads a file as the client does. */
export async function downloaded(ai: GoogleGenAI, file: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-videos-'));
  try {
    await ai.files.download({ file, downloadPath: join(folder, 'video.mp4') });
    return await readFile(join(folder, 'video.mp4'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Names of the top-level boxes of an MP4, without empty ones. Checks that their lengths add up to the file's. */
export function boxesOf(mp4: Buffer): string[] {
  const names: string[] = [];
  let offset = 0;
  while (offset < mp4.length) {
    names.push(mp4.toString('latin1', offset + 4, offset + 8));
    offset += mp4.readUInt32BE(offset);
  }
  if (offset !== mp4.length) throw new Error(`the boxes end at ${offset} of ${mp4.length} bytes`);
  return names.filter((name) => name !== 'free');
}
