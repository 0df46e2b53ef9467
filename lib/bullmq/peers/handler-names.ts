import { GeminiWebhooksError } from '../../errors.js';

/**
 * Checks that every handler has a name: a durable inbox identifies handlers by name across processes and deploys.
 *
 * @throws GeminiWebhooksError `invalid_handler` for a method of a class without a name
 */
export function checkHandlerNames(handlers: readonly { readonly name: string }[]): void {
  const nameless = handlers.filter(({ name }) => name.startsWith('.')).map(({ name }) => name.slice(1));
  if (nameless.length === 0) return;
  throw new GeminiWebhooksError(
    'invalid_handler',
    `The class of ${nameless.join(', ')} has no name, so a durable inbox cannot tell which handlers have run. ` +
      "Name the class, or the handler: @OnGeminiEvent(…, { name: 'orders.publish' }).",
  );
}
