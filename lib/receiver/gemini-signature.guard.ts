import { Inject, Injectable, Logger, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { DEFAULT_REGISTRATION, getGeminiToken } from '../gemini-webhooks.tokens.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { problemException, rememberResponse, type SetHeader } from '../problem.js';
import { SignatureVerifier } from '../signature/signature-verifier.js';
import { belongsTo, mountedPath } from './guarded-routes.js';
import type { Kept } from './kept.js';
import { bytesKeptFor } from './raw-body.js';

/** The little that Express' and Fastify's requests share. */
interface HttpRequest {
  readonly raw?: IncomingMessage;
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly originalUrl?: string;
  /** Express gives what a wildcard took as a list of segments. */
  readonly params?: Readonly<Record<string, string | readonly string[]>>;
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

  /** A promise only where something has to be found out first: Nest goes on at once where there is none. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    try {
      const request = requestOf(context);
      const path = mountedPath(context.getClass());
      const kept = bytesKeptFor(request);
      const verified = this.#verifier.verifyAtOnce({
        headers: withRepeated(request),
        body: kept.bytes,
        url: request.originalUrl ?? request.url,
        params: textParams(request),
        path,
      });
      return verified instanceof Promise
        ? this.#admitLater(verified, kept, context, path)
        : this.#admit(verified, kept, context, path);
    } catch (error) {
      return this.#refuse(error, context);
    }
  }

  #admit(delivery: VerifiedDelivery, kept: Kept, context: ExecutionContext, path: string | undefined): true {
    kept.delivery = delivery;
    if (path === undefined) {
      // The built-in route does the same where the inbox refuses, which spares every other delivery.
      rememberResponse(delivery, this.#setHeaderOf(context));
      exposeBody(requestOf(context), kept.bytes);
    }
    return true;
  }

  async #admitLater(
    verified: Promise<VerifiedDelivery>,
    kept: Kept,
    context: ExecutionContext,
    path: string | undefined,
  ): Promise<true> {
    try {
      return this.#admit(await verified, kept, context, path);
    } catch (error) {
      return this.#refuse(error, context);
    }
  }

  #refuse(error: unknown, context: ExecutionContext): never {
    this.#log(error);
    throw problemException(error, requestOf(context), this.#setHeaderOf(context));
  }

  #setHeaderOf(context: ExecutionContext): SetHeader {
    const response = context.switchToHttp().getResponse<object>();
    return (name, value) => this.#adapterHost.httpAdapter.setHeader(response, name, value);
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

/** What `switchToHttp()` gives, without the object that it makes of the context at every call. */
function requestOf(context: ExecutionContext): HttpRequest {
  return context.getArgByIndex<HttpRequest>(0);
}

function textParams({ params = {} }: HttpRequest): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) texts[name] = typeof value === 'string' ? value : value.join('/');
  return texts;
}

const WEBHOOK_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** The headers, with webhook headers that were sent more than once as lists: Node joins them, as if they were one. */
function withRepeated(request: HttpRequest): IncomingHttpHeaders {
  const { headers } = request;
  // Node puts a comma and a space between them, which no webhook header has of itself: hardly a request is looked through.
  if (!mayBeRepeated(headers)) return headers;
  const { rawHeaders = [] } = request.raw ?? (request as unknown as IncomingMessage);
  const names = rawHeaders.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const repeated = WEBHOOK_HEADERS.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated.length === 0) return headers;
  return { ...headers, ...Object.fromEntries(repeated.map((name) => [name, [String(headers[name])]])) };
}

function mayBeRepeated(headers: IncomingHttpHeaders): boolean {
  for (const name of WEBHOOK_HEADERS) if (headers[name]?.includes(', ')) return true;
  return false;
}

/** Gives a route of the user's what its own parsers would have: the bytes, and the parsed body when it is asked for. */
function exposeBody(request: HttpRequest, bytes: Buffer): void {
  request.rawBody = bytes;
  let parsed: { readonly value: unknown } | undefined;
  Object.defineProperty(request, 'body', {
    configurable: true,
    enumerable: true,
    get: () => (parsed ??= { value: parsedOrUndefined(bytes) }).value,
    set: (value: unknown) => {
      parsed = { value };
    },
  });
}

/** A JWT vouches for its claims: the body beside it may be anything. */
function parsedOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}
