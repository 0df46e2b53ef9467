import type { IncomingHttpHeaders } from 'node:http';

/** A request to be verified, whatever server it came by. */
export interface DeliveryRequest {
  /** Names in lower case; a webhook header that was repeated as a list. */
  readonly headers: IncomingHttpHeaders;
  /** The body's bytes as they came. */
  readonly body: Buffer;
  /** The URL as it came, with its query. */
  readonly url: string;
  /** The route's parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** The module's own route (`gemini/webhooks`), when the request came by it and not by a route of the user's. */
  readonly path?: string | undefined;
}
