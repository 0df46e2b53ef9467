import type { Processor } from 'bullmq';
import { messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { DispatchOutcome } from '../handlers/dispatch.js';
import type { InboxHost } from '../inbox/inbox-engine.js';
import { fromJobData, type DeliveryJobData } from './delivery-job.js';
import type { Fleet } from './fleet.js';
import { handover } from './handover.js';
import type { DeliveryJob, HandoverWay } from './inbox-store.js';
import { JobCheckpoints } from './job-checkpoints.js';
import { loadBullmq } from './optional-peers.js';

/** How long an event waits for a handler that only other workers have, in milliseconds. */
const HANDOVER_LIMIT_MS = 15 * 60_000;

/** Works one job: tells the fleet, runs the handlers that have not settled, and decides how the job goes on. */
export async function deliveryProcessor(
  host: InboxHost,
  fleet: Pick<Fleet, 'publish' | 'handlersFor'>,
  shutdown: AbortSignal,
  way: HandoverWay,
  now: () => number = Date.now,
): Promise<Processor<DeliveryJobData, void, string>> {
  const { UnrecoverableError } = await loadBullmq();
  const leave = await handover(way);
  const own = new Set(host.handlers().map(({ name }) => name));

  return async (job: DeliveryJob, token) => {
    const checkpoints = new JobCheckpoints(job);
    if (checkpoints.progress.discarded) return;
    const delivery = unless(
      () => fromJobData(job.data),
      (error) => new UnrecoverableError(messageOf(error)),
    );
    const attempt = job.attemptsMade + 1;
    const [told, outcome] = await Promise.all([
      announce(fleet, delivery, job, checkpoints),
      host.dispatch(delivery, { attempt, checkpoints, signal: shutdown }),
    ]);
    if (told.failed) throw new Error(`the fleet was not told: ${messageOf(told.error)}`);

    await logFailures(job, attempt, outcome);
    if (outcome.retryable.length > 0) {
      const last = attempt >= (job.opts.attempts ?? 1);
      // Somebody has run them: a wait for who has not begins anew.
      await checkpoints.update({ waitingSince: undefined, ...(last && { givenUpAt: attempt }) });
      throw new Error(`${outcome.retryable.join(', ')} failed (attempt ${attempt}); the app's log has the reason`);
    }
    const giveUp = async (reason: string) => {
      await checkpoints.update({ waitingSince: undefined, givenUpAt: attempt });
      return new UnrecoverableError(reason);
    };
    const wanted = await fleet.handlersFor(delivery.event.type);
    const missing = wanted.filter((name) => !own.has(name) && !checkpoints.has(name));
    if (missing.length > 0) {
      const { waitingSince } = checkpoints.progress;
      if (now() - (waitingSince ?? now()) > HANDOVER_LIMIT_MS)
        throw await giveUp(`no live worker has run ${missing.join(', ')}`);
      if (waitingSince === undefined) {
        await job.log(`attempt ${attempt}: waiting for a worker that has ${missing.join(', ')}`);
        await checkpoints.update({ waitingSince: now() });
      }
      throw await leave(job, token);
    }
    if (checkpoints.failed.length > 0) throw await giveUp(`${checkpoints.failed.join(', ')} failed for good`);
  };
}

/** One line for each attempt that failed. What handlers throw may hold anything, and stays in the app's own log. */
async function logFailures(job: DeliveryJob, attempt: number, { retryable, final }: DispatchOutcome): Promise<void> {
  const failures = [...retryable.map((name) => `${name} failed`), ...final.map((name) => `${name} failed for good`)];
  if (failures.length > 0) await job.log(`attempt ${attempt}: ${failures.join(', ')}`);
}

/** Never rejects: handlers that run are waited for all the same. A job killed meanwhile is announced again, and each process drops the repeat. */
async function announce(
  fleet: Pick<Fleet, 'publish'>,
  delivery: VerifiedDelivery,
  job: DeliveryJob,
  checkpoints: JobCheckpoints,
): Promise<{ failed: false } | { failed: true; error: unknown }> {
  try {
    if (!checkpoints.progress.announced) await fleet.publish(delivery, job.data);
    checkpoints.note({ announced: true });
    return { failed: false };
  } catch (error) {
    return { failed: true, error };
  }
}

function unless<T>(make: () => T, toError: (error: unknown) => Error): T {
  try {
    return make();
  } catch (error) {
    throw toError(error);
  }
}
