import { formatDuration } from '../shared/format-duration.js';
import type { JWTPayload } from 'jose';

/** Authentic token that is too old, or issued in the future. */
export class StaleToken {
  readonly #claims: Pick<JWTPayload, 'iat' | 'exp'>;
  /** True if its `exp` has passed, to which no tolerance applies. */
  readonly isExpired: boolean;

  constructor(claims: Pick<JWTPayload, 'iat' | 'exp'>, isExpired: boolean) {
    this.#claims = claims;
    this.isExpired = isExpired;
  }

  /** Describes its age for a log line. */
  age(nowSeconds: number): string {
    const { iat, exp } = this.#claims;
    const parts = [
      ...(iat === undefined ? [] : [`was issued ${formatAge(nowSeconds - iat)}`]),
      ...(this.isExpired && exp !== undefined ? [`expired ${formatAge(nowSeconds - exp)}`] : []),
    ];
    return `its token ${parts.join(' and ')}`;
  }
}

/** Formats an age, in the largest unit with a value of at least two: `12 minutes ago (720 s)`. */
export function formatAge(ageSeconds: number): string {
  const seconds = Math.round(Math.abs(ageSeconds));
  const direction = ageSeconds < 0 ? "ahead of this machine's clock" : 'ago';
  return `${formatDuration(seconds)} ${direction} (${seconds} s)`;
}
