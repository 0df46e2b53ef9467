import { hkdfSync } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { GeminiResourceKind } from '../events/event-catalogue.js';

/** What a binding token is for: a delivery that carries it belongs here and to nobody else. */
export interface Binding {
  /** The registration's name. */
  readonly registration: string;
  /** The route that it was minted for, where that is the module's own. */
  readonly path?: string | undefined;
  /** The route's parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** The kind of job, when the token is of one job. */
  readonly kind?: GeminiResourceKind | undefined;
  /** Our own id of the job, when the token is of one job. */
  readonly job?: string | undefined;
}

/** The query parameter of the webhook's URI, and the field of `userMetadata`, that hold the token. */
export const BINDING_FIELD = 'gemini_binding';

const AUDIENCE = 'nestjs-gemini-webhooks/binding';
const MAX_LENGTH = 4096;

/** Mints and checks the tokens by which a dynamic delivery proves that this deployment asked for it. */
export class BindingTokens {
  readonly #keys: readonly Uint8Array[];
  readonly #ttlSeconds: number;
  readonly #now: () => number;

  /** @param secrets the first mints, all verify */
  constructor(secrets: readonly string[], ttlSeconds: number, now: () => number = Date.now) {
    // HKDF keeps the Gemini API key itself out of every token, and gives weak-looking input a key's length.
    this.#keys = secrets.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', AUDIENCE, 32)));
    this.#ttlSeconds = ttlSeconds;
    this.#now = now;
  }

  /** Whether there is a key to mint with. */
  get canMint(): boolean {
    return this.#keys.length > 0;
  }

  /** A token for the binding, valid for `ttlSeconds` from now; `undefined` when there is no key to mint with. */
  async mint({ registration, path, params, kind, job }: Binding): Promise<string | undefined> {
    const [key] = this.#keys;
    if (!key) return undefined;
    const now = Math.floor(this.#now() / 1000);
    return new SignJWT({ reg: registration, path, params, kind, job })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(now + this.#ttlSeconds)
      .sign(key);
  }

  /** What the token is for, or `undefined` when it is not one of ours or has expired. */
  async verify(token: unknown): Promise<Binding | undefined> {
    if (typeof token !== 'string' || token === '' || token.length > MAX_LENGTH) return undefined;
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify<BindingClaims>(token, key, {
          algorithms: ['HS256'],
          audience: AUDIENCE,
          currentDate: new Date(this.#now()),
        });
        const { reg, path, params, kind, job } = payload;
        return { registration: reg, path, params: params ?? {}, kind, job };
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) return undefined;
      }
    }
    return undefined;
  }
}

interface BindingClaims {
  reg: string;
  path?: string;
  params?: Record<string, string>;
  kind?: GeminiResourceKind;
  job?: string;
}

/** Whether a token for `binding` covers a delivery at this place about this kind of job. */
export function covers(
  binding: Binding,
  delivery: {
    readonly registration: string;
    /** The module's own route, when the delivery came by it. */
    readonly path: string | undefined;
    readonly params: Readonly<Record<string, string>>;
    readonly kind: GeminiResourceKind | undefined;
  },
): boolean {
  return (
    binding.registration === delivery.registration &&
    (binding.path === undefined || binding.path === delivery.path) &&
    Object.entries(binding.params).every(([name, value]) => delivery.params[name] === value) &&
    (binding.kind === undefined || delivery.kind === undefined || binding.kind === delivery.kind)
  );
}
