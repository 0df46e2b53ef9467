import type { HmacKey } from './hmac-key.js';

/** Result of reloading secrets. */
export interface NewestSecrets {
  readonly keys: readonly HmacKey[];
  /** Why a signature that none of these keys verify may still be valid; absent if it cannot be. */
  readonly doubt?: string | undefined;
}

/** Signing secrets that can change while the app runs. */
export interface LiveSecrets {
  /** True if there is a store to load from. */
  readonly isUsed: boolean;
  /** Known secrets that are valid now. */
  keys(): readonly HmacKey[];
  /** Returns the result of a load that starts after this call. Has a timeout; does not reject. */
  newest(): Promise<NewestSecrets>;
}
