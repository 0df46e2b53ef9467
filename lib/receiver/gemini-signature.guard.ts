import {
  Inject,
  Injectable,
  Logger,
  mixin,
  Optional,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { DOCTOR_ANSWER_HEADER, isDoctorProbe, type Audience, type DoctorAnswer } from '../shared/doctor-probe.js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { checkName, DEFAULT_NAME, GEMINI_WEBHOOKS_AUDIENCE, getGeminiToken } from '../gemini-webhooks.tokens.js';
import { DeliveryReports, type DeliveryArrival } from '../inbox/delivery-reports.js';
import { problemException, rememberResponse, type SetHeader } from '../problem.js';
import { SignatureVerifier } from '../signature/signature-verifier.js';
import { deliveredBytes, wasRefusedBefore } from './delivered-bytes.js';
import { belongsTo, mountedPath } from './guarded-routes.js';
import type { RequestStateWithBytes } from './request-state.js';
import { RefusalWarnings } from './refusal-warnings.js';

/** Properties that requests of Express and Fastify share. */
interface HttpRequest {
  readonly raw?: IncomingMessage;
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly originalUrl?: string;
  /** Express returns the match of a wildcard as a list of segments. */
  readonly params?: Readonly<Record<string, string | readonly string[]>>;
  rawBody?: unknown;
}

/** How a request came. */
interface Arrival {
  /** Mounted path of the built-in route; `undefined` on a custom route. */
  readonly path: string | undefined;
  /** `undefined` while nobody listens to reports and the app is not traced. */
  readonly arrival: DeliveryArrival | undefined;
}

/**
 * Passes only authentic deliveries of this deployment. On a custom route it verifies like the built-in route; the module
 * captures the raw bytes without a change to `main.ts`. `@GeminiDelivery()` then injects the delivery.
 *
 * @throws GeminiProblemException an `HttpException` with the status and body of the table of refusals
 */
@Injectable()
@belongsTo(DEFAULT_NAME)
export class GeminiSignatureGuard implements CanActivate {
  readonly #verifier: SignatureVerifier;
  readonly #adapterHost: HttpAdapterHost;
  readonly #audience: (() => Promise<Audience>) | undefined;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #refusals: RefusalWarnings;
  readonly #reports: DeliveryReports | undefined;

  constructor(
    @Inject(SignatureVerifier) verifier: SignatureVerifier,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Optional() @Inject(GEMINI_WEBHOOKS_AUDIENCE) audience?: () => Promise<Audience>,
    @Optional() @Inject(DeliveryReports) reports?: DeliveryReports,
  ) {
    this.#reports = reports;
    this.#verifier = verifier;
    this.#adapterHost = adapterHost;
    this.#audience = audience;
    this.#refusals = new RefusalWarnings(verifier.registration);
  }

  /**
   * Returns a promise only if verification needs I/O: always returning one costs 0.5 µs per delivery, about 4 % of the
   * guard's time.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = requestOf(context);
    const arrival = this.#reports?.arrived(this.#verifier.registration, request.headers);
    try {
      const path = mountedPath(context.getClass());
      const state = deliveredBytes(request, this.#adapterHost.httpAdapter);
      const delivery = {
        headers: withRepeated(request),
        body: state.bytes,
        url: request.originalUrl ?? request.url,
        params: textParams(request),
        path,
      };
      const verified =
        this.#reports && arrival?.span
          ? this.#reports.verify(arrival, () => this.#verifier.verifyAtOnce(delivery))
          : this.#verifier.verifyAtOnce(delivery);
      return verified instanceof Promise || isDoctorProbe(verified)
        ? this.#admitLater(verified, state, context, { path, arrival })
        : this.#admit(verified, state, context, { path, arrival });
    } catch (error) {
      return this.#refuse(error, context, arrival);
    }
  }

  #admit(
    delivery: VerifiedDelivery,
    state: RequestStateWithBytes,
    context: ExecutionContext,
    { path, arrival }: Arrival,
  ): true {
    state.delivery = delivery;
    this.#refusals.hasVerified = true;
    this.#reports?.verified(delivery, arrival);
    if (path === undefined) {
      // The built-in route does this only when the inbox refuses, which saves the work for all other deliveries.
      rememberResponse(delivery, this.#setHeaderOf(context));
      exposeBody(requestOf(context), state.bytes);
    }
    return true;
  }

  async #reportToDoctor(context: ExecutionContext): Promise<void> {
    if (!this.#audience) return;
    const report: DoctorAnswer = { ...(await this.#audience()), takesDynamic: this.#verifier.takesDynamic };
    this.#setHeaderOf(context)(DOCTOR_ANSWER_HEADER, JSON.stringify(report));
  }

  async #admitLater(
    verified: VerifiedDelivery | Promise<VerifiedDelivery>,
    state: RequestStateWithBytes,
    context: ExecutionContext,
    { path, arrival }: Arrival,
  ): Promise<true> {
    try {
      const delivery = await verified;
      if (isDoctorProbe(delivery)) await this.#reportToDoctor(context);
      return this.#admit(delivery, state, context, { path, arrival });
    } catch (error) {
      return this.#refuse(error, context, arrival);
    }
  }

  #refuse(error: unknown, context: ExecutionContext, arrival: DeliveryArrival | undefined): never {
    const request = requestOf(context);
    this.#reports?.refused(this.#verifier.registration, error, arrival);
    if (!wasRefusedBefore(request, error)) this.#log(error, request);
    throw problemException(error, request, this.#setHeaderOf(context));
  }

  #setHeaderOf(context: ExecutionContext): SetHeader {
    const response = context.switchToHttp().getResponse<object>();
    const { httpAdapter } = this.#adapterHost;
    return (name, value) => {
      if (!httpAdapter.isHeadersSent(response)) httpAdapter.setHeader(response, name, value);
    };
  }

  #log(error: unknown, { originalUrl, url }: HttpRequest): void {
    if (!(error instanceof GeminiWebhooksError))
      this.#logger.error(`A delivery could not be verified: ${messageOf(error)}`);
    // The verifier warns about mismatches itself, with advice.
    else if (error.code !== 'signature_mismatch') this.#refusals.warn(error, originalUrl ?? url);
  }
}

/**
 * Returns the guard of a named module instance.
 *
 * @example
 * @UseGuards(geminiSignatureGuard('tenant-b'))
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is not a name
 */
export function geminiSignatureGuard(name: string): Type<CanActivate> {
  checkName('geminiSignatureGuard', name);
  @belongsTo(name)
  class NamedGeminiSignatureGuard extends GeminiSignatureGuard {
    constructor(
      @Inject(getGeminiToken(SignatureVerifier, name)) verifier: SignatureVerifier,
      @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
      @Optional() @Inject(GEMINI_WEBHOOKS_AUDIENCE) audience?: () => Promise<Audience>,
      @Optional() @Inject(DeliveryReports) reports?: DeliveryReports,
    ) {
      super(verifier, adapterHost, audience, reports);
    }
  }
  return mixin(NamedGeminiSignatureGuard);
}

/** Same as `switchToHttp().getRequest()`, without the object that it allocates at every call. */
function requestOf(context: ExecutionContext): HttpRequest {
  return context.getArgByIndex<HttpRequest>(0);
}

function textParams({ params = {} }: HttpRequest): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) texts[name] = typeof value === 'string' ? value : value.join('/');
  return texts;
}

const WEBHOOK_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Returns the headers, with repeated webhook headers as lists: Node joins them into one value. */
function withRepeated(request: HttpRequest): IncomingHttpHeaders {
  const { headers } = request;
  // Node joins with a comma and a space, which no single webhook header contains: few requests need a closer look.
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

/** Sets `rawBody` and a lazily parsed `body` for custom routes, as body parsers would. */
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

/** A JWT signs its own claims: the body beside it may be anything. */
function parsedOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}
