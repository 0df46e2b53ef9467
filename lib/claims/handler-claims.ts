import { GeminiWebhooksError } from '../errors.js';
import { claimId, insertClaim, insertClaimSync, type ClaimSubject } from './claim.js';
import type { GeminiClaimsDialect } from './claims-table.js';

/** Options of `context.claim`. */
export interface GeminiClaimOptions {
  /**
   * Name of the transaction. Needed if the handler has several, and stable like the handler's own name.
   * @default ''
   */
  readonly step?: string;
  /**
   * Dialect of the database.
   * @default what the transaction tells
   */
  readonly dialect?: GeminiClaimsDialect;
}

const MAX_STEP_LENGTH = 1_000;

/** The claims of one run of a handler. */
export class HandlerClaims {
  readonly #subject: Omit<ClaimSubject, 'step'>;
  /** Steps whose claim was new in this run. */
  readonly #claimed = new Set<string>();

  constructor(subject: Omit<ClaimSubject, 'step'>) {
    this.#subject = subject;
  }

  async claim(tx: object, options: GeminiClaimOptions): Promise<boolean> {
    const { step, id } = this.#named(options);
    return this.#checked(step, await insertClaim(id, tx, options.dialect));
  }

  claimSync(tx: object, options: GeminiClaimOptions): boolean {
    const { step, id } = this.#named(options);
    return this.#checked(step, insertClaimSync(id, tx, options.dialect));
  }

  #named({ step = '' }: GeminiClaimOptions): { step: string; id: string } {
    if (typeof step !== 'string' || step.length > MAX_STEP_LENGTH) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        `The step of a claim must be a string of at most ${MAX_STEP_LENGTH} characters.`,
      );
    }
    return { step, id: claimId({ ...this.#subject, step }) };
  }

  /** A transaction that was rolled back and is repeated claims anew. One that finds its own run's claim is a second one. */
  #checked(step: string, isNew: boolean): boolean {
    if (isNew) {
      this.#claimed.add(step);
      return true;
    }
    if (!this.#claimed.has(step)) return false;
    throw new GeminiWebhooksError(
      'invalid_argument',
      `${this.#subject.handler} has claimed ${step === '' ? 'this event' : JSON.stringify(step)} already in this run. ` +
        `Give each of its transactions a name: context.claim(tx, 'name').`,
    );
  }
}

/** Returns the options of `claim(tx, step?, options?)` and `claim(tx, options?)`. */
export function claimOptions(
  step: string | GeminiClaimOptions = {},
  options: GeminiClaimOptions = {},
): GeminiClaimOptions {
  return typeof step === 'object' && step !== null ? step : { ...options, step };
}
