import { hkdfSync } from 'node:crypto';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { loadJose } from '../shared/jose.js';

/** Content of a binding token. A delivery that carries the token belongs to this deployment. */
export interface Binding {
  /** Name of the module instance. */
  readonly registration: string;
  /** Path of the built-in route that it was minted for; absent for a custom route. */
  readonly path?: string | undefined;
  /** Parameters of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** Kind of the job, if the token belongs to one job. */
  readonly kind?: GeminiResourceKind | undefined;
  /** Id that the module gave the job, if the token belongs to one job. */
  readonly job?: string | undefined;
}

/** Name of the query parameter in the webhook's URI, and of the field of `userMetadata`, that hold the token. */
export const BINDING_FIELD = 'gemini_binding';

const AUDIENCE = 'nestjs-gemini-webhooks/binding';
const MAX_LENGTH = 4096;

/** Mints and verifies the tokens that prove that this deployment requested a dynamic delivery. */
export class BindingTokens {
  readonly #keys: readonly Uint8Array[];
  readonly #ttlSeconds: number;
  readonly #now: () => number;

  /** @param secrets the first mints tokens, all verify them */
  constructor(secrets: readonly string[], ttlSeconds: number, now: () => number = Date.now) {
    // HKDF keeps the Gemini API key itself out of every token, and derives a key of full length from any input.
    this.#keys = secrets.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', AUDIENCE, 32)));
    this.#ttlSeconds = ttlSeconds;
    this.#now = now;
  }

  /** True if there is a key to mint with. */
  get canMint(): boolean {
    return this.#keys.length > 0;
  }

  /** Mints a token that is valid for `ttlSeconds` from now; `undefined` without a key. */
  async mint({ registration, path, params, kind, job }: Binding): Promise<string | undefined> {
    const [key] = this.#keys;
    if (!key) return undefined;
    const { SignJWT } = await loadJose();
    const now = Math.floor(this.#now() / 1000);
    return new SignJWT({ reg: registration, path, params, kind, job })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(now + this.#ttlSeconds)
      .sign(key);
  }

  /** Returns the content of a token; `undefined` if the token is not ours or has expired. */
  async verify(token: unknown): Promise<Binding | undefined> {
    if (typeof token !== 'string' || token === '' || token.length > MAX_LENGTH) return undefined;
    if (this.#keys.length === 0) return undefined;
    const { errors, jwtVerify } = await loadJose();
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

/** True if a token for `binding` covers a delivery to this route about this kind of job. */
export function covers(
  binding: Binding,
  delivery: {
    readonly registration: string;
    /** Path of the built-in route, if the delivery came to it. */
    readonly path: string | undefined;
    readonly params: Readonly<Record<string, string>>;
    readonly kind: GeminiResourceKind | undefined;
  },
): boolean {
  return (
    binding.registration === delivery.registration &&
    (binding.path === undefined || binding.path === delivery.path) &&
    Object.entries(binding.params).every(([name, value]) => delivery.params[name] === value) &&
    (binding.kind === undefined || delivery.kind === undefined || kindOf(binding) === kindOf(delivery))
  );
}

/** Treats videos as interactions: an interaction generates a video, and Gemini may publish its end as either kind. */
function kindOf({ kind }: { readonly kind?: GeminiResourceKind | undefined }): GeminiResourceKind | undefined {
  return kind === 'video' ? 'interaction' : kind;
}
