import { Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { GeminiEventBus } from './bus/gemini-event-bus.js';
import { GeminiWebhooksError } from './errors.js';
import type { Audience } from './shared/doctor-probe.js';
import type { GeminiWebhooksRoute } from './config/gemini-webhooks.route.js';
import { GEMINI_WEBHOOKS_AUDIENCE } from './gemini-webhooks.tokens.js';
import { EventDispatcher } from './handlers/event-dispatcher.js';
import { HandlerExplorer } from './handlers/handler-explorer.js';
import { HandlerRegistry } from './handlers/handler-registry.js';
import { DeliveryReports } from './inbox/delivery-reports.js';
import type { InboxEngine } from './inbox/inbox-engine.js';
import type { InboxWorkerState } from './inbox/inbox-stats.js';
import { reportMetrics } from './telemetry/report-metrics.js';
import { Telemetry } from './telemetry/telemetry.js';
import { TELEMETRY_PROVIDER } from './telemetry/telemetry.providers.js';

/** The module instances of one app. Names and paths are unique. */
@Injectable()
export class ModuleInstances {
  readonly #routes: GeminiWebhooksRoute[] = [];
  readonly #receivers: Pick<InboxEngine, 'health'>[] = [];

  /** @throws GeminiWebhooksError `invalid_option` */
  add(route: GeminiWebhooksRoute): void {
    const { registration, path, controller } = route;
    if (this.#routes.some((one) => one.registration === registration)) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `GeminiWebhooksModule: name: two module instances are named "${registration}". Import one instance in both places, or name each: forRoot({ name: '…', path: '…' }).`,
      );
    }
    const conflicting = this.#routes.find(
      (one) => controller && one.controller && one.path.toLowerCase() === path.toLowerCase(),
    );
    if (conflicting) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `GeminiWebhooksModule: path: the module instances "${conflicting.registration}" and "${registration}" both use "${path}". Give each its own path.`,
      );
    }
    this.#routes.push(route);
  }

  /** Records an inbox that runs no handlers in this process. */
  addReceiver(engine: Pick<InboxEngine, 'health'>): void {
    this.#receivers.push(engine);
  }

  /** True if other processes run the handlers of every receiving inbox, false if none does for one; else `undefined`. */
  async haveOtherWorkers(): Promise<boolean | undefined> {
    const workers = await Promise.all(this.#receivers.map(workerOf));
    if (workers.includes('absent')) return false;
    return workers.length > 0 && workers.every((worker) => worker === 'elsewhere') ? true : undefined;
  }
}

async function workerOf(engine: Pick<InboxEngine, 'health'>): Promise<InboxWorkerState | undefined> {
  return (await engine.health?.().catch(() => undefined))?.worker;
}

/** Providers that all module instances of an app share: handlers and the bus receive the events of every instance. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ModuleInstances,
    HandlerRegistry,
    HandlerExplorer,
    EventDispatcher,
    GeminiEventBus,
    DeliveryReports,
    TELEMETRY_PROVIDER,
    {
      provide: GEMINI_WEBHOOKS_AUDIENCE,
      useFactory:
        (registry: HandlerRegistry, bus: GeminiEventBus, instances: ModuleInstances) =>
        async (): Promise<Audience> => ({
          handles: registry.patterns,
          isHeard: bus.isObserved,
          hasWorkers: registry.areExpected,
          ...(!registry.areExpected && { hasOtherWorkers: await instances.haveOtherWorkers() }),
        }),
      inject: [HandlerRegistry, GeminiEventBus, ModuleInstances],
    },
  ],
  exports: [
    ModuleInstances,
    HandlerRegistry,
    EventDispatcher,
    GeminiEventBus,
    DeliveryReports,
    Telemetry,
    GEMINI_WEBHOOKS_AUDIENCE,
  ],
})
export class GeminiWebhooksCoreModule implements OnModuleInit {
  readonly #bus: GeminiEventBus;
  readonly #telemetry: Telemetry;

  constructor(
    dispatcher: EventDispatcher,
    bus: GeminiEventBus,
    { reports$ }: DeliveryReports,
    @Inject(Telemetry) telemetry: Telemetry,
  ) {
    this.#bus = bus;
    this.#telemetry = telemetry;
    bus.connect({ attempts$: dispatcher.attempts$, deliveries$: reports$ });
    dispatcher.observeBus(() => bus.isObserved);
    dispatcher.failures$.subscribe((failure) => bus.fail(failure));
  }

  /** Runs before an inbox starts, and after the app's providers may have started an SDK. */
  async onModuleInit(): Promise<void> {
    await this.#telemetry.prepare();
    reportMetrics(this.#telemetry, this.#bus);
  }
}
