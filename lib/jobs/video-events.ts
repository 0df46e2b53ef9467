import { GeminiWebhooksError } from '../errors.js';
import type { GeminiEventType } from '../events/event-catalogue.js';
import { jobIdInKey } from '../events/event-key.js';
import { kindOfJobId } from '../events/event-resource.js';
import type { DecidedEvent, VerifiedDelivery } from '../events/verified-delivery.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import type { JobChecker } from './polling/job-checker.js';
import { failedVideo, type VideoFailure } from './polling/video-failure.js';
import { videoSourceOf } from './transfer/video-source.js';

type VideoJobs = Pick<JobTracker, 'find'>;

/** Outcomes that need no poll, by the type that Google sends. */
const FAILURES: Readonly<Partial<Record<string, VideoFailure>>> = {
  'interaction.failed': 'failed',
  'interaction.cancelled': 'cancelled',
};
/** Max wait for other polls: many clips may end at once. */
const MAX_WAIT_MS = 30_000;
const COMPLETIONS: ReadonlySet<string> = new Set<GeminiEventType>(['interaction.completed', 'video.generated']);
/** Types that a poll of a video job can end with. */
const ENDS: readonly GeminiEventType[] = ['video.generated', 'video.failed', 'interaction.requires_action'];

/** True if an event of this type says how the interaction ended. For a video job, handlers receive another event. */
export function isEndOfInteraction(type: string): boolean {
  return type === 'interaction.completed' || FAILURES[type] !== undefined;
}

/** Returns the types that handlers may receive instead of the sent one, if the delivery turns out to end a video job. */
export function typesDecidedFrom({ event, strategy }: VerifiedDelivery): readonly GeminiEventType[] {
  return strategy !== 'reconciled' && (COMPLETIONS.has(event.type) || FAILURES[event.type]) ? ENDS : [];
}

/**
 * Decides which event handlers receive for the end of a video job. Google may send the interaction's event or the video's
 * (wire.md), and sends a completion for a refused video. Our record says if the job makes a video, and one poll says how
 * it ended.
 *
 * @returns `undefined` for an event that stays as sent
 * @throws GeminiWebhooksError `still_processing` while Gemini cannot be polled
 */
export function decideVideoEvent(
  jobs: VideoJobs,
  checker: Pick<JobChecker, 'poll'>,
  delivery: VerifiedDelivery,
): DecidedEvent | undefined | Promise<DecidedEvent | undefined> {
  const { event } = delivery;
  if (typesDecidedFrom(delivery).length === 0) return undefined;
  if (event.type === 'video.generated' && videoSourceOf(event) !== undefined) return undefined;
  return decide(jobs, checker, delivery);
}

async function decide(
  jobs: VideoJobs,
  checker: Pick<JobChecker, 'poll'>,
  delivery: VerifiedDelivery,
): Promise<DecidedEvent | undefined> {
  const job = await videoJobOf(jobs, delivery);
  if (!job) return undefined;
  const { type, data } = delivery.event;
  const failure = FAILURES[type];
  if (failure) {
    const { error_message: message } = data as { readonly error_message?: unknown };
    return failedVideo(job.name, failure, typeof message === 'string' ? message : undefined).event;
  }
  const polled = await checker.poll(job, { maxWaitMs: MAX_WAIT_MS });
  if (polled.is === 'ended') return polled.event;
  // Google says that there is a video. Its location can be read later.
  if (type === 'video.generated') return undefined;
  throw new GeminiWebhooksError(
    'still_processing',
    `${job.id} could not be polled, and its ${type} does not say if there is a video.`,
  );
}

/** Returns the video job of the delivery, with Gemini's name for it. */
async function videoJobOf(
  jobs: VideoJobs,
  { event: { resource }, key, params }: VerifiedDelivery,
): Promise<(TrackedJob & { readonly name: string }) | undefined> {
  const id = jobIdInKey(key);
  const found =
    id === undefined
      ? resource && (await jobs.find({ kind: resource.kind, name: resource.name, params }))
      : await jobs.find({ id });
  const kind = found?.kind ?? (id === undefined ? undefined : kindOfJobId(id));
  const name = found?.name ?? resource?.name;
  if (kind !== 'video' || name === undefined) return undefined;
  // The record may not be written yet. The token says that this is a video job.
  return { id: id ?? name, params, bound: id !== undefined, createdAt: Date.now(), ...found, kind, name };
}
