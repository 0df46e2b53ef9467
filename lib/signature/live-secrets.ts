import type { KeyObject } from 'node:crypto';

/** What is known after secrets were looked up anew. */
export interface NewestSecrets {
  readonly keys: readonly KeyObject[];
  /** Why a signature that none of them made may be valid all the same; absent when it cannot be. */
  readonly doubt?: string | undefined;
}

/** Signing secrets that change while the app runs. */
export interface LiveSecrets {
  /** Whether there is anything to look up. */
  readonly isUsed: boolean;
  /** Those that are known and valid now. */
  keys(): readonly KeyObject[];
  /** Those that are known to a look-up that begins after this call. Bounded in time; does not reject. */
  newest(): Promise<NewestSecrets>;
}
