import { Inject, Injectable, Logger, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { DEFAULT_REGISTRATION, getGeminiToken } from '../gemini-webhooks.tokens.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { problemException, rememberResponse, type SetHeader } from '../problem.js';
import { SignatureVerifier } from '../signature/signature-verifier.js';
import { keepDelivery } from './gemini-delivery.decorator.js';
import { belongsTo, mountedPath } from './guarded-routes.js';
import { rawBodyOf } from './raw-body.js';

/** The little that Express' and Fastify's requests share. */
interface HttpRequest {
  readonly raw?: IncomingMessage;
  readonly url: string;
  readonly originalUrl?: string;
  readonly params?: Readonly<Record<string, string>>;
  rawBody?: unknown;
}

/**
 * Lets only authentic deliveries of this deployment through. On a route of your own it verifies as the built-in route
 * does; the raw bytes are kept for it without any change to `main.ts`. `@GeminiDelivery()` then gives the delivery.
 *
 * @throws GeminiProblemException an `HttpException` with the status and body that the answers table names
 */
@Injectable()
@belongsTo(DEFAULT_REGISTRATION)
export class GeminiSignatureGuard implements CanActivate {
  readonly #verifier: SignatureVerifier;
  readonly #adapterHost: HttpAdapterHost;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #unverifiable = new OccasionalWarning(this.#logger);

  constructor(
    @Inject(SignatureVerifier) verifier: SignatureVerifier,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    this.#verifier = verifier;
    this.#adapterHost = adapterHost;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<object>();
    const setHeader: SetHeader = (name, value) => this.#adapterHost.httpAdapter.setHeader(response, name, value);
    try {
      const path = mountedPath(context.getClass());
      const message = request.raw ?? (request as unknown as IncomingMessage);
      const body = rawBodyOf(request, message);
      const delivery = await this.#verifier.verify({
        headers: withRepeated(message),
        body,
        url: request.originalUrl ?? request.url,
        params: { ...request.params },
        path,
      });
      rememberResponse(delivery, setHeader);
      keepDelivery(request, delivery);
      if (path === undefined) exposeBody(request, body);
      return true;
    } catch (error) {
      this.#log(error);
      throw problemException(error, request, setHeader);
    }
  }

  #log(error: unknown): void {
    if (!(error instanceof GeminiWebhooksError))
      this.#logger.error(`A delivery could not be verified: ${messageOf(error)}`);
    else if (error.code === 'keys_unavailable' || error.code === 'raw_body_unavailable') {
      this.#unverifiable.warn(`${error.message}${error.cause === undefined ? '' : ` ${messageOf(error.cause)}`}`);
    } else this.#logger.debug(`Refused a delivery: ${error.code}`);
  }
}

/**
 * The guard of a registration that has a name of its own.
 *
 * @example
 * @UseGuards(geminiSignatureGuard('tenant-b'))
 */
export function geminiSignatureGuard(name: string): Type<CanActivate> {
  @belongsTo(name)
  class NamedGeminiSignatureGuard extends GeminiSignatureGuard {
    constructor(
      @Inject(getGeminiToken(SignatureVerifier, name)) verifier: SignatureVerifier,
      @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    ) {
      super(verifier, adapterHost);
    }
  }
  return mixin(NamedGeminiSignatureGuard);
}

const WEBHOOK_HEADERS: ReadonlySet<string> = new Set(['webhook-id', 'webhook-timestamp', 'webhook-signature']);

/** The headers, with webhook headers that were sent more than once as lists: Node joins them, as if they were one. */
function withRepeated({ headers, rawHeaders }: IncomingMessage): IncomingHttpHeaders {
  const seen = new Set<string>();
  let repeated: Record<string, string[]> | undefined;
  for (let index = 0; index < (rawHeaders?.length ?? 0); index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (!WEBHOOK_HEADERS.has(name)) continue;
    if (seen.has(name)) repeated = { ...repeated, [name]: [String(headers[name])] };
    seen.add(name);
  }
  return repeated ? { ...headers, ...repeated } : headers;
}

/** Gives a route of the user's what its own parsers would have: the bytes, and the parsed body when it is asked for. */
function exposeBody(request: HttpRequest, bytes: Buffer): void {
  request.rawBody = bytes;
  let parsed: { readonly value: unknown } | undefined;
  Object.defineProperty(request, 'body', {
    configurable: true,
    enumerable: true,
    get: () => (parsed ??= { value: JSON.parse(bytes.toString()) as unknown }).value,
    set: (value: unknown) => {
      parsed = { value };
    },
  });
}
