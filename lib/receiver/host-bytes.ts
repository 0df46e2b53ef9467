/** Request on which a parser or a host, such as Cloud Functions, may have stored the raw body. */
export interface HostRequest {
  readonly rawBody?: unknown;
}

/** Returns the raw body if a parser or host stored it. */
export function hostBytes(request: object | undefined): Buffer | undefined {
  const { rawBody } = (request ?? {}) as HostRequest;
  return Buffer.isBuffer(rawBody) ? rawBody : undefined;
}
