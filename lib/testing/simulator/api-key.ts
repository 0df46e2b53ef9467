import { ApiError, type ApiRequest } from './simulated-api.js';

/**
 * Refuses calls without the API key, as Google does.
 *
 * @throws ApiError 403 `PERMISSION_DENIED` without a key; 400 `INVALID_ARGUMENT` with reason `API_KEY_INVALID` for a wrong one
 */
export function checkApiKey(apiKey: string, { headers, query }: ApiRequest): void {
  const given = headers['x-goog-api-key'] ?? query.get('key');
  if (given === null || given === '') {
    throw new ApiError(403, 'PERMISSION_DENIED', 'The call names no caller: send an API key as x-goog-api-key.');
  }
  if (given !== apiKey) {
    throw new ApiError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', {}, [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'generativelanguage.googleapis.com' },
      },
    ]);
  }
}
