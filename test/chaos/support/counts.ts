/**
 * Repetitions of a chaos test: the smaller count by default, and the larger one with `CHAOS=full`, as on the main branch and
 * every night.
 */
export function times(usual: number, full: number): number {
  return process.env['CHAOS'] === 'full' ? full : usual;
}
