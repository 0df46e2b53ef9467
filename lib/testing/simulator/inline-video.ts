import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { JsonObject } from './request-fields.js';
import { videoOf } from './sample-video.js';
import type { ApiResponse } from './simulated-api.js';

/** Placeholder for a video's base64 until the response is written. Random, so that no prompt can contain it. */
export const INLINE_VIDEO = `inline-video-${randomUUID()}`;

/** Number of bytes to encode at once. Divisible by 3, so that the joined base64 of the pieces is that of the video. */
const PIECE_BYTES = 96 * 1024;

/** Returns the response for an interaction; streams an inline video, which can be tens of MB. */
export function interactionResponse(
  interaction: JsonObject,
  { videoBytes }: { readonly videoBytes: number },
): ApiResponse {
  const [before = '', after] = JSON.stringify(interaction).split(INLINE_VIDEO);
  if (after === undefined) return { json: interaction };
  const video = videoOf(videoBytes);
  const [start, end] = [Buffer.from(before), Buffer.from(after)];
  const sizeBytes = start.length + Math.ceil(video.length / 3) * 4 + end.length;
  return {
    headers: { 'content-type': 'application/json; charset=UTF-8', 'content-length': String(sizeBytes) },
    body: Readable.from(pieces(start, video, end), { objectMode: false }),
    id: String(interaction['id']),
  };
}

function* pieces(start: Buffer, video: Uint8Array, end: Buffer): Generator<Buffer> {
  yield start;
  for (let at = 0; at < video.length; at += PIECE_BYTES) {
    const piece = video.subarray(at, at + PIECE_BYTES);
    yield Buffer.from(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64'), 'latin1');
  }
  yield end;
}
