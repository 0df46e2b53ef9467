import type { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import { settlesWithin } from '../shared/timeouts.js';

const MAX_STOP_MS = 2_000;

/** A watch of a static webhook's store. The store may be the user's, so it can fail at any step or take forever. */
export interface StartedWatch {
  /** The webhook's name. */
  readonly name: string;
  /** Resolves with what stops it. */
  readonly started: Promise<(() => void) | undefined>;
}

/** Stops a watch, also one that starts only later. Resolves within a few seconds and never rejects, but logs a failure. */
export async function stopWatch({ name, started }: StartedWatch, logger: Logger): Promise<void> {
  const watch = `The watch of the secrets of the static webhook "${name}"`;
  const stopped = started
    .then((unwatch) => unwatch?.())
    .catch((error: unknown) => logger.warn(`${watch} could not be stopped: ${messageOf(error)}`));
  if (await settlesWithin(stopped, MAX_STOP_MS)) return;
  logger.warn(`${watch} takes more than ${MAX_STOP_MS / 1000} s to stop: it is not waited for.`);
}
