import { counted } from './counted.js';

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** Formats a duration in the largest unit with a value of at least two: `45 seconds`, `12 minutes`. */
export function formatDuration(seconds: number): string {
  const [unit, length] = UNITS.find(([, unitSeconds]) => seconds >= 2 * unitSeconds) ?? (['second', 1] as const);
  const count = Math.floor(seconds / length);
  return counted(count, unit);
}
