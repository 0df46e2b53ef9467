import { subscribedEvents } from '../events/subscribable-events.js';
import { geminiApiKey, type GeminiClient } from './gemini-client.js';
import type { EndpointOptions, GeminiWebhooksSettings } from './gemini-webhooks.options.js';
import { checkGroup, checkUrl, invalid, show } from './option-checks.js';
import { describe } from '../shared/check-object.js';
import { hasMethods } from '../shared/is-object.js';

/** Checked options of the static webhook that is synced at start. */
export interface EndpointConfig extends EndpointOptions {
  readonly required: boolean;
}

/** @throws GeminiWebhooksError `invalid_option` */
export function endpointConfig(endpoint: GeminiWebhooksSettings['endpoint']): EndpointConfig | false {
  if (endpoint === undefined || endpoint === false) return false;
  const given = checkGroup(
    'endpoint',
    endpoint,
    { name: true, uri: true, events: true, secretStore: true, required: true },
    'Give { name, events, secretStore }, or false.',
  );
  const { name, uri, events, secretStore, required = false } = given;
  if (typeof name !== 'string' || name === '')
    invalid(
      'endpoint.name',
      `got ${show(name)}`,
      'Give the name of the webhook at Gemini. It is created if it does not exist.',
    );
  if (uri !== undefined) {
    checkUrl(
      'endpoint.uri',
      uri,
      ({ protocol, hash }) => /^https?:$/.test(protocol) && hash === '',
      'Give a full URL.',
    );
  }
  const subscribed = subscribedEvents(events);
  if ('todo' in subscribed) invalid('endpoint.events', subscribed.given, subscribed.todo);
  if (typeof secretStore !== 'function' && !hasMethods(secretStore, 'load', 'save')) {
    invalid(
      'endpoint.secretStore',
      `got ${describe(secretStore)}`,
      'Give a store for the signing secret: fileSecretStore(path), bullmqSecretStore(), or your own SigningSecretStore.',
    );
  }
  if (typeof required !== 'boolean') invalid('endpoint.required', `got ${describe(required)}`, 'Give true or false.');
  return { name, uri, events, secretStore, required };
}

/** Returns the keys of a secret store: the binding secrets, else the API key. The first encrypts, all decrypt. */
export function secretStoreKeys(
  binding: { readonly secrets: readonly string[] } | false,
  gemini: GeminiClient | undefined,
): readonly string[] {
  if (binding && binding.secrets.length > 0) return binding.secrets;
  const apiKey = geminiApiKey(gemini, {});
  return apiKey === undefined ? [] : [apiKey];
}
