import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import { problemOf } from '../problem.js';
import { pathOf } from '../signature/delivery-request.js';

/** Logs deliveries that were refused before verification: at most one line a minute per error code. */
export class RefusalWarnings {
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #registration: string;
  readonly #byCode = new Map<string, OccasionalWarning>();

  constructor(registration: string) {
    this.#registration = registration;
  }

  /** @param url URL of the request; its query, which may contain a binding token, is not logged */
  warn(error: unknown, url: string): void {
    const { status, code } = problemOf(error).problem;
    let warning = this.#byCode.get(code);
    if (!warning) this.#byCode.set(code, (warning = new OccasionalWarning(this.#logger)));
    const cause = error instanceof Error && error.cause !== undefined ? ` ${messageOf(error.cause)}` : '';
    warning.warn(
      `Refused a delivery with ${status} ${code} (module instance "${this.#registration}", ${pathOf(url)}): ${messageOf(error)}${cause}`,
    );
  }
}
