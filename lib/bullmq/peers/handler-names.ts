import { GeminiWebhooksError } from '../../errors.js';

/**
 * Checks that every handler has a name: a durable inbox identifies handlers by name across processes and deploys.
 *
 * @throws GeminiWebhooksError `invalid_handler` for a method of a class without a name, and for a name that PostgreSQL cannot
 *   store
 */
export function checkHandlerNames(handlers: readonly { readonly name: string }[]): void {
  const unstorable = handlers.filter(({ name }) => /[\0\p{Surrogate}]/u.test(name));
  if (unstorable.length > 0) {
    throw new GeminiWebhooksError(
      'invalid_handler',
      `The handler name ${JSON.stringify(unstorable[0]?.name)} contains a NUL or half of a surrogate pair, which not every store can hold. Give it another name.`,
    );
  }
  const nameless = handlers.filter(({ name }) => name.startsWith('.')).map(({ name }) => name.slice(1));
  if (nameless.length === 0) return;
  throw new GeminiWebhooksError(
    'invalid_handler',
    `The class of ${nameless.join(', ')} has no name, so a durable inbox cannot tell which handlers have run. ` +
      "Name the class, or the handler: @OnGeminiEvent(…, { name: 'orders.publish' }).",
  );
}
