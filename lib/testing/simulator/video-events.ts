import { downloadUri } from './files.js';
import type { JobEnd, SimulatedEvent } from './simulated-api.js';
import type { GeminiSimulatorOptions } from './simulator.options.js';

/** Events published when videos end. */
export type VideoEventMode = NonNullable<GeminiSimulatorOptions['videoEvent']>;

/** Ended video. */
interface EndedVideo {
  /** Id of the interaction. */
  readonly id: string;
  readonly end: JobEnd;
  /** `files/…`, if a video was generated. */
  readonly fileName: string | undefined;
  readonly failure: { readonly code: string; readonly message: string };
}

/**
 * Returns the events for the end of a video, in sending order. Gemini's real events are unknown: none has been observed
 * (google-gemini/cookbook#1297), and `video.generated` is documented with a URI and a file name.
 */
export function videoEvents(video: EndedVideo, mode: VideoEventMode): readonly SimulatedEvent[] {
  if (mode === 'none') return [];
  const { id, end, fileName, failure } = video;
  switch (end) {
    case 'succeeded':
      return [
        ...completed(id, mode),
        ...(mode === 'interaction.completed' || fileName === undefined ? [] : [generated(id, fileName)]),
      ];
    case 'filtered':
      return completed(id, mode);
    case 'failed': {
      const data = { id, error_code: failure.code, error_message: failure.message };
      return [{ type: 'interaction.failed', data }];
    }
    case 'cancelled':
      return [{ type: 'interaction.cancelled', data: { id } }];
    default:
      return [];
  }
}

function completed(id: string, mode: VideoEventMode): readonly SimulatedEvent[] {
  return mode === 'video.generated' ? [] : [{ type: 'interaction.completed', data: { id } }];
}

function generated(id: string, fileName: string): SimulatedEvent {
  return { type: 'video.generated', data: { id, output_file_uri: downloadUri(fileName), file_name: fileName } };
}
