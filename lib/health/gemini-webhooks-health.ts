import type { InboxEngine } from '../inbox/inbox-engine.js';
import type { InboxHealth, InboxStoreState, InboxWorkerState } from '../inbox/inbox-stats.js';
import { withTimeout } from '../shared/timeouts.js';
import type { KeySetStatus } from '../signature/key-set.js';
import type { WebhookStatus } from '../static-webhooks/webhook-monitor.js';
import {
  checkHealthOptions,
  invalidArgument,
  type GeminiHealthLimits,
  type GeminiHealthOptions,
} from './health-limits.js';

/** Max time that a custom inbox may take to report its health. */
const INBOX_TIMEOUT_MS = 2_500;

const HEALTHY_STORE: ReadonlySet<InboxStoreState> = new Set(['up', 'none', 'unknown']);
const HEALTHY_WORKER: ReadonlySet<InboxWorkerState> = new Set(['running', 'elsewhere', 'unknown']);

/** What makes a health check `down`: the store, the worker, or a limit that was given. */
export type GeminiHealthCause = 'store' | keyof GeminiHealthLimits;

/** Health of a module instance. Contains no secrets, tokens or event data. */
export interface GeminiHealth {
  readonly status: 'up' | 'down';
  /** Why the status is `down`. */
  readonly causes?: readonly GeminiHealthCause[];
  readonly store: InboxStoreState;
  readonly worker: InboxWorkerState;
  /** Age of the oldest unfinished event, in milliseconds. Absent while the events cannot be counted. */
  readonly lagMs?: number;
  /** Number of failed events. Absent while the events cannot be counted. */
  readonly failed?: number;
  /** Google's public keys in this process. Absent with `jwks: false`. */
  readonly keySet?: KeySetStatus;
  /** The app's static webhook. Absent unless the option `endpoint` is set or the check has `webhook: true`. */
  readonly webhook?: WebhookStatus;
  /** When this process received its last verified delivery, in RFC 3339. Absent before the first. */
  readonly lastDeliveryAt?: string;
}

/** Dependencies of `GeminiWebhooksHealth`. */
export interface GeminiWebhooksHealthParts {
  /** Name of the module instance. */
  readonly registration: string;
  readonly engine: Pick<InboxEngine, 'stats' | 'health'>;
  readonly inbox: { readonly lastDeliveryAt: Date | undefined };
  keySet(maxAgeMs: number | undefined): Promise<KeySetStatus | undefined>;
  /** True if the option `endpoint` is set. */
  readonly hasEndpoint: boolean;
  /** Rejects with `invalid_argument` or `invalid_option` if there is nothing to ask Gemini for. */
  webhook(): Promise<WebhookStatus>;
}

/**
 * Health of a module instance, as an indicator for `@nestjs/terminus` or on its own. The package does not depend on Terminus.
 *
 * @example
 * check() {
 *   return this.health.check([() => this.gemini.check({ maxLagMs: 60_000 })]);
 * }
 */
export class GeminiWebhooksHealth {
  readonly #parts: GeminiWebhooksHealthParts;

  constructor(parts: GeminiWebhooksHealthParts) {
    this.#parts = parts;
  }

  /**
   * Checks the module instance and resolves within about two seconds with the result object of a Terminus indicator. It is
   * `down` while the store does not answer or no worker handles the events, and when one of the given limits is exceeded.
   *
   * @throws GeminiWebhooksError `invalid_argument` or `invalid_option` for a limit that can never be checked. An unavailable
   * store never makes it throw.
   */
  async check<const Key extends string = string>(
    options: GeminiHealthOptions<Key> = {},
  ): Promise<Record<Key, GeminiHealth>> {
    checkHealthOptions(options);
    const { registration, engine, inbox, hasEndpoint } = this.#parts;
    const { key = `gemini-webhooks${registration === 'default' ? '' : `-${registration}`}`, ...limits } = options;
    this.#checkCountable(limits);
    const [{ store, worker, stats }, keySet, webhook] = await Promise.all([
      healthOf(engine),
      this.#parts.keySet(limits.maxKeySetAgeMs),
      (limits.webhook ?? hasEndpoint) ? this.#parts.webhook() : undefined,
    ]);
    if (!keySet && limits.maxKeySetAgeMs !== undefined) {
      throw invalidArgument('maxKeySetAgeMs: there are no keys, because of jwks: false. Remove the limit.');
    }
    const { lastDeliveryAt } = inbox;
    const details = {
      store,
      worker,
      ...(stats && { lagMs: stats.oldestAgeMs, failed: stats.failed }),
      ...(keySet && { keySet }),
      ...(webhook && { webhook }),
      ...(lastDeliveryAt && { lastDeliveryAt: lastDeliveryAt.toISOString() }),
    };
    const causes = causesOf(details, limits);
    const health: GeminiHealth =
      causes.length === 0 ? { status: 'up', ...details } : { status: 'down', causes, ...details };
    return { [key]: health } as Record<Key, GeminiHealth>;
  }

  #checkCountable({ maxLagMs, maxFailed }: GeminiHealthLimits): void {
    const { engine } = this.#parts;
    if ((maxLagMs === undefined && maxFailed === undefined) || engine.stats || engine.health) return;
    throw invalidArgument(
      'maxLagMs and maxFailed: the custom inbox does not count its events. Add a stats() method to its InboxEngine.',
    );
  }
}

/** Returns the health of an engine in bounded time, also if the engine does not report it. */
async function healthOf(engine: Pick<InboxEngine, 'stats' | 'health'>): Promise<InboxHealth> {
  const report = async (): Promise<InboxHealth> =>
    (await engine.health?.()) ?? { store: 'unknown', worker: 'unknown', stats: await engine.stats?.() };
  try {
    return await withTimeout(report(), INBOX_TIMEOUT_MS, 'the inbox did not report its health');
  } catch {
    return { store: 'unavailable', worker: 'unknown' };
  }
}

/** Returns what makes the check `down`. A value that is not known exceeds its limit, unless the store is the cause. */
function causesOf(
  { store, worker, lagMs, failed, keySet, webhook }: Omit<GeminiHealth, 'status' | 'causes'>,
  limits: GeminiHealthLimits,
): GeminiHealthCause[] {
  const isStoreHealthy = HEALTHY_STORE.has(store);
  const exceeds = (value: number | undefined, limit: number | undefined) =>
    isStoreHealthy && limit !== undefined && (value ?? Infinity) > limit;
  const exceeded: Record<GeminiHealthCause, boolean> = {
    store: !isStoreHealthy,
    worker: limits.worker !== false && !HEALTHY_WORKER.has(worker),
    maxLagMs: exceeds(lagMs, limits.maxLagMs),
    maxFailed: exceeds(failed, limits.maxFailed),
    maxKeySetAgeMs: isTooOld(keySet, limits.maxKeySetAgeMs),
    // Gemini may be unavailable: that says nothing about the webhook.
    webhook: limits.webhook === true && webhook?.state !== 'enabled' && webhook?.state !== 'unknown',
  };
  return (Object.keys(exceeded) as GeminiHealthCause[]).filter((cause) => exceeded[cause]);
}

function isTooOld(keySet: KeySetStatus | undefined, maxAgeMs: number | undefined): boolean {
  if (!keySet || keySet.state === 'configured' || maxAgeMs === undefined) return false;
  return (keySet.ageMs ?? Infinity) > maxAgeMs;
}
