const SAMPLES = 3;
const TOLERATED_MS = 1_000;

/** Difference between this process's clock and the store's. */
export interface ClockSkew {
  /** Positive when this process's clock is ahead, negative when it is behind, in milliseconds. */
  readonly aheadMs: number;
  /** Maximum error of `aheadMs`, in milliseconds: half of the round trip. */
  readonly uncertaintyMs: number;
}

/**
 * Compares the clocks and corrects for the round trip.
 *
 * @param readServer resolves with the server's time, in Unix milliseconds
 */
export async function clockSkew(
  readServer: () => Promise<number>,
  { now = () => Date.now(), elapsed = () => performance.now() } = {},
): Promise<ClockSkew> {
  let best: ClockSkew | undefined;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const [askedAt, startedAt] = [now(), elapsed()];
    const serverTime = await readServer();
    const uncertaintyMs = (elapsed() - startedAt) / 2;
    const aheadMs = askedAt + uncertaintyMs - serverTime;
    if (!best || uncertaintyMs < best.uncertaintyMs) best = { aheadMs, uncertaintyMs };
  }
  return best!;
}

/** Returns text such as `2.5 s ahead of`, or `undefined` if the difference may be a second or less. */
export function describeSkew({ aheadMs, uncertaintyMs }: ClockSkew): string | undefined {
  const certainMs = Math.abs(aheadMs) - uncertaintyMs;
  if (certainMs <= TOLERATED_MS) return undefined;
  return `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
