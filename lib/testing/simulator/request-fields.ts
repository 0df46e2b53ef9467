import { ApiError, type DynamicWebhook } from './simulated-api.js';

/** A JSON object whose fields nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The refusal of a request that makes no sense, as Google's APIs word it. */
export function invalidArgument(message: string): ApiError {
  return new ApiError(400, 'INVALID_ARGUMENT', message);
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but an object */
export function requiredObject(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(`${field} must be an object`);
  }
  return value as JsonObject;
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but an object or nothing */
export function optionalObject(value: unknown, field: string): JsonObject | undefined {
  return value === undefined || value === null ? undefined : requiredObject(value, field);
}

/** @throws ApiError `INVALID_ARGUMENT` for anything but a string or nothing */
export function optionalString(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidArgument(`${field} must be a string`);
  return value;
}

/** A missing list is an empty one. @throws ApiError `INVALID_ARGUMENT` for anything else */
export function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidArgument(`${field} must be a list`);
  return value;
}

/**
 * `webhookConfig` of batches and videos, `webhook_config` of interactions.
 *
 * @throws ApiError `INVALID_ARGUMENT` when its `uris` are no web addresses
 */
export function webhookIn(value: unknown): DynamicWebhook | undefined {
  const config = optionalObject(value, 'webhook_config');
  if (config === undefined) return undefined;
  const uris = listOf(config['uris'], 'webhook_config.uris').map(webAddress);
  const userMetadata = optionalObject(config['userMetadata'] ?? config['user_metadata'], 'user_metadata');
  return { uris, userMetadata };
}

/** Loopback and plain HTTP are fine here. @throws ApiError `INVALID_ARGUMENT` for anything but an http(s) address */
export function webAddress(uri: unknown): string {
  const protocol = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).protocol : undefined;
  if (protocol !== 'https:' && protocol !== 'http:') throw invalidArgument(`Invalid webhook URI: ${String(uri)}`);
  return uri as string;
}
