import { setTimeout as tick } from 'node:timers/promises';

const TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/**
 * Resolves when the condition holds.
 *
 * @param otherwise what is wrong when it does not for 20 s, for whoever runs the demo
 */
export async function until(condition: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(otherwise);
    await tick(POLL_MS);
  }
}
