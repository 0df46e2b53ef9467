const PAGE = 50;

/** Replays with BullMQ's own calls, one job after the other: the least that is right without reading its tables. */
export async function replayOneByOne(queue) {
  const ids = await queue.getRanges(['failed'], 0, -1);
  let replayed = 0;
  for (let start = 0; start < ids.length; start += PAGE) {
    const page = await Promise.all(ids.slice(start, start + PAGE).map((id) => queue.getJob(id)));
    for (const { id } of page) {
      const job = await queue.getJob(id);
      if (!(await job.isFailed())) continue;
      const { announced, handlers } = job.progress;
      const succeeded = Object.entries(handlers).filter(([, how]) => how === 'succeeded');
      await job.updateProgress({ announced, handlers: Object.fromEntries(succeeded) });
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
      replayed += 1;
    }
  }
  return replayed;
}
