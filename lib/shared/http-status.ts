/** Returns the HTTP status of an error, from `status` or `statusCode`. The SDK's errors use both. */
export function statusOf(error: unknown): number | undefined {
  const { status, statusCode } = (error ?? {}) as { readonly status?: unknown; readonly statusCode?: unknown };
  return [status, statusCode].find((one) => typeof one === 'number');
}
