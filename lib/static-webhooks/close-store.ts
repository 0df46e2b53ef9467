import type { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import { settlesWithin } from '../shared/timeouts.js';
import type { SigningSecretStore } from './signing-secret-store.js';

/** Longer than bullmqSecretStore takes. */
const MAX_CLOSE_MS = 5_000;

/** Closes a store, which may be the user's. Resolves within a few seconds and never rejects, but logs a failure. */
export async function closeStore(store: SigningSecretStore, logger: Logger): Promise<void> {
  const closed = (async () => store.close?.())().catch((error: unknown) =>
    logger.warn(`A store of signing secrets could not be closed: ${messageOf(error)}`),
  );
  if (await settlesWithin(closed, MAX_CLOSE_MS)) return;
  logger.warn(`A store of signing secrets takes more than ${MAX_CLOSE_MS / 1000} s to close: it is not waited for.`);
}
