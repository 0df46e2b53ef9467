import { Logger } from '@nestjs/common';
import { messageOf, type GeminiDeliveryErrorCode } from '../errors.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import { problemOf } from '../problem.js';
import { pathOf } from '../signature/delivery-request.js';

/** Refusals that anyone who finds the route can cause. If nothing verifies, something in front of the app may cause them. */
const STRAY_CODES: ReadonlySet<string> = new Set([
  'missing_header',
  'malformed_header',
  'timestamp_out_of_tolerance',
] satisfies GeminiDeliveryErrorCode[]);

/**
 * Logs refused deliveries, at most one line a minute per error code and level. Once a delivery has verified, those that anyone
 * can cause are debug lines, so that scanners do not alarm operators.
 */
export class RefusalWarnings {
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #debug = { warn: (message: string) => this.#logger.debug(message) };
  readonly #registration: string;
  readonly #byCode = new Map<string, OccasionalWarning>();
  readonly #strayByCode = new Map<string, OccasionalWarning>();

  /** Set by the guard when it admits a delivery. */
  hasVerified = false;

  constructor(registration: string) {
    this.#registration = registration;
  }

  /** @param url URL of the request; its query, which may contain a binding token, is not logged */
  warn(error: unknown, url: string): void {
    const { status, code } = problemOf(error).problem;
    this.#warningOf(code).warn(
      `Refused a delivery with ${status} ${code} (module instance "${this.#registration}", ${pathOf(url)}): ${messageOf(error)}${causeOf(error, code)}`,
    );
  }

  #warningOf(code: string): OccasionalWarning {
    const isStray = this.hasVerified && STRAY_CODES.has(code);
    const warnings = isStray ? this.#strayByCode : this.#byCode;
    let warning = warnings.get(code);
    if (!warning) warnings.set(code, (warning = new OccasionalWarning(isStray ? this.#debug : this.#logger)));
    return warning;
  }
}

function causeOf(error: unknown, code: string): string {
  // JSON.parse quotes the body, which may contain a binding token.
  if (code === 'malformed_event' || !(error instanceof Error) || error.cause === undefined) return '';
  return ` ${messageOf(error.cause)}`;
}
