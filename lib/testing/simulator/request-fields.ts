import { isObject } from '../../shared/is-object.js';
import { ApiError, type DynamicWebhook } from './simulated-api.js';

/** JSON object with unchecked fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Returns Google's error for an invalid request. */
export function invalidArgument(message: string): ApiError {
  return new ApiError(400, 'INVALID_ARGUMENT', message);
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but an object */
export function requiredObject(value: unknown, field: string): JsonObject {
  if (!isObject(value)) throw invalidArgument(`${field} must be an object`);
  return value;
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but an object, `null` or `undefined` */
export function optionalObject(value: unknown, field: string): JsonObject | undefined {
  return value === undefined || value === null ? undefined : requiredObject(value, field);
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but a string, `null` or `undefined` */
export function optionalString(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidArgument(`${field} must be a string`);
  return value;
}

/** Returns an empty list for a missing one. @throws ApiError `INVALID_ARGUMENT` for anything else */
export function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidArgument(`${field} must be a list`);
  return value;
}

/**
 * Parses `webhookConfig` of batches, or `webhook_config` of interactions.
 *
 * @throws ApiError `INVALID_ARGUMENT` if its `uris` are not http(s) URLs
 */
export function webhookIn(value: unknown): DynamicWebhook | undefined {
  const config = optionalObject(value, 'webhook_config');
  if (config === undefined) return undefined;
  const uris = listOf(config['uris'], 'webhook_config.uris').map(webhookUri);
  const userMetadata = optionalObject(config['userMetadata'] ?? config['user_metadata'], 'user_metadata');
  return { uris, userMetadata };
}

/** Allows loopback and plain HTTP. @throws ApiError `INVALID_ARGUMENT` for anything but an http(s) URL */
export function webhookUri(uri: unknown): string {
  const protocol = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).protocol : undefined;
  if (protocol !== 'https:' && protocol !== 'http:') throw invalidArgument(`Invalid webhook URI: ${String(uri)}`);
  return uri as string;
}
