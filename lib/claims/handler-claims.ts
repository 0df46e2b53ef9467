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
  /** Steps of this run, and whether their last claim was new. */
  readonly #claimed = new Map<string, boolean>();

  constructor(subject: Omit<ClaimSubject, 'step'>) {
    this.#subject = subject;
  }

  async claim(tx: object, options: GeminiClaimOptions): Promise<boolean> {
    const { step, id } = this.#named(options);
    if (this.#claimed.get(step) === false) throw this.#repeated(step);
    return this.#checked(step, await insertClaim(id, tx, options.dialect));
  }

  claimSync(tx: object, options: GeminiClaimOptions): boolean {
    const { step, id } = this.#named(options);
    if (this.#claimed.get(step) === false) throw this.#repeated(step);
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

  /**
   * A transaction that was rolled back and is repeated claims anew. One that finds its own run's claim, or asks again after it
   * was told that the effect has happened, is a second one: it must not be skipped silently.
   */
  #checked(step: string, isNew: boolean): boolean {
    if (!isNew && this.#claimed.has(step)) throw this.#repeated(step);
    this.#claimed.set(step, isNew);
    return isNew;
  }

  #repeated(step: string): GeminiWebhooksError {
    return new GeminiWebhooksError(
      'invalid_argument',
      `${this.#subject.handler} has claimed ${step === '' ? 'this event' : JSON.stringify(step)} before in this run. ` +
        `If it has several transactions, give each a name: context.claim(tx, 'name'). If the same transaction was repeated ` +
        'because its commit was not confirmed, it has been committed, and the next attempt finds that.',
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
