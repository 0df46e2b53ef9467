import {
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationBootstrap,
  type Provider,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { CheckedOptions, GeminiWebhooksModuleAsyncOptions, SettingsFactory } from './config/async-options.js';
import { GeminiEventBus } from './bus/gemini-event-bus.js';
import { GeminiWebhookEndpoints } from './static-webhooks/gemini-webhook-endpoints.js';
import { STATIC_WEBHOOK_PROVIDERS } from './static-webhooks/static-webhook.providers.js';
import { GeminiWebhooksCoreModule, ModuleInstances } from './gemini-webhooks-core.module.js';
import { geminiWebhooksConfig, type GeminiWebhooksConfig } from './config/gemini-webhooks.config.js';
import { configServiceImport } from './config/config-service.js';
import { readEnvironment } from './config/gemini-webhooks.environment.js';
import type {
  GeminiWebhooksModuleOptions,
  GeminiWebhooksOptionsFactory,
  GeminiWebhooksSettings,
} from './config/gemini-webhooks.options.js';
import { geminiWebhooksRoute, type GeminiWebhooksRoute } from './config/gemini-webhooks.route.js';
import {
  DEFAULT_NAME,
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_MOUNT,
  GEMINI_WEBHOOKS_ROUTE,
  GEMINI_WEBHOOKS_SETTINGS,
  getGeminiToken,
} from './gemini-webhooks.tokens.js';
import { EventDispatcher } from './handlers/event-dispatcher.js';
import { AroundHooks } from './handlers/around-hooks.js';
import { GeminiWebhooksHealth } from './health/gemini-webhooks-health.js';
import { healthProvider } from './health/health.providers.js';
import { KeySetGauge } from './health/key-set-gauge.js';
import { GeminiFailedEvents } from './inbox/failed-events.js';
import { GeminiInbox } from './inbox/gemini-inbox.js';
import { checkedEngine } from './inbox/checked-engine.js';
import type { InboxEngine } from './inbox/inbox-engine.js';
import { inboxProviders } from './inbox/inbox-providers.js';
import { inlineInbox } from './inbox/inline-inbox.js';
import { GeminiJobs } from './jobs/gemini-jobs.js';
import { JobChecker } from './jobs/polling/job-checker.js';
import { POLLING_PROVIDERS } from './jobs/polling/polling.providers.js';
import { JobEvents } from './jobs/job-events.js';
import { JobWebhooks } from './jobs/job-webhooks.js';
import { decideVideoEvent } from './jobs/video-events.js';
import { createController } from './receiver/gemini-webhooks.controller.js';
import { mountedRoute } from './receiver/mounted-route.js';
import { RawBodyCapture } from './receiver/raw-body-capture.js';
import { StartupLog } from './receiver/startup-log.js';
import type { MountedRoute } from './config/route-url.js';
import { missingOptions } from './config/missing-options.js';
import { checkAsyncOptions, settingsProviders } from './config/settings-providers.js';
import { checkObject } from './shared/check-object.js';
import { BindingTokens } from './signature/binding.js';
import { SignatureVerifier } from './signature/signature-verifier.js';
import { GaugeReports } from './telemetry/gauge-reports.js';
import { Telemetry } from './telemetry/telemetry.js';

/** Services that users and the module itself inject by class. */
const BY_CLASS: readonly Type[] = [SignatureVerifier, GeminiWebhookEndpoints] as Type[];

/** Services that only users inject. Only `default` uses the class as token, so that `app.get(GeminiJobs)` finds no other. */
const BY_TOKEN: readonly Type[] = [GeminiInbox, GeminiFailedEvents, GeminiJobs, GeminiWebhooksHealth] as Type[];

/**
 * Receives Gemini's webhooks and calls the methods with `@OnGeminiEvent`.
 *
 * @example
 * @Module({ imports: [GeminiWebhooksModule.forRoot()] })
 * export class AppModule {}
 */
@Module({ providers: missingOptions([GEMINI_WEBHOOKS_CONFIG, GeminiWebhookEndpoints]) })
export class GeminiWebhooksModule implements OnApplicationBootstrap {
  readonly #config: GeminiWebhooksConfig;
  readonly #endpoints: GeminiWebhookEndpoints;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    @Inject(GeminiWebhookEndpoints) endpoints: GeminiWebhookEndpoints,
  ) {
    this.#config = config;
    this.#endpoints = endpoints;
  }

  /**
   * Sets up a module instance. Without options, all settings come from the environment.
   *
   * @throws GeminiWebhooksError `invalid_option`: immediately for route options, at start for all others
   */
  static forRoot(options: GeminiWebhooksModuleOptions = {}): DynamicModule {
    checkObject('GeminiWebhooksModule.forRoot', options);
    const { name, path, controller, decorators, global, ...settings } = options;
    const given = { name, path, controller, decorators, global };
    const route = geminiWebhooksRoute(given, process.env['GEMINI_WEBHOOK_PATH']);
    const imports = route.decorators.length > 0 || settings.around ? [configServiceImport()] : [];
    return define(route, [{ provide: GEMINI_WEBHOOKS_SETTINGS, useValue: settings }], imports);
  }

  /**
   * Sets up a module instance with settings from a factory. Pass the route options next to the factory.
   *
   * @example
   * GeminiWebhooksModule.forRootAsync({
   *   path: 'hooks/gemini', inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ hmac: { secrets: config.getOrThrow('SECRET') } }),
   * })
   *
   * @throws GeminiWebhooksError `invalid_option`
   */
  static forRootAsync<Factory extends SettingsFactory, Class extends Type<GeminiWebhooksOptionsFactory>>(
    options: CheckedOptions<Factory, Class>,
  ): DynamicModule {
    checkAsyncOptions(options);
    const { imports = [], ...rest } = options as GeminiWebhooksModuleAsyncOptions;
    return define(geminiWebhooksRoute(rest), settingsProviders(rest), [...imports, configServiceImport()]);
  }

  /** Nest calls the providers' hooks first, so the inbox has started and its lock is ready. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.#config.endpoint) await this.#endpoints.syncAtStart(this.#config.endpoint);
  }
}

function define(
  route: GeminiWebhooksRoute,
  settings: Provider[],
  imports: NonNullable<DynamicModule['imports']>,
): DynamicModule {
  const named = (type: Type): InjectionToken => getGeminiToken(type, route.registration);
  const aliases =
    route.registration === DEFAULT_NAME ? [] : BY_CLASS.map((type) => ({ provide: named(type), useExisting: type }));
  return {
    module: GeminiWebhooksModule,
    global: route.global,
    imports: [...imports, GeminiWebhooksCoreModule],
    controllers: route.controller ? [createController(route)] : [],
    providers: [...settings, ...instanceProviders(route), ...aliases],
    exports: [GeminiWebhooksCoreModule, ...[...BY_CLASS, ...BY_TOKEN].map(named)],
  };
}

function instanceProviders(route: GeminiWebhooksRoute): Provider[] {
  return [
    { provide: GEMINI_WEBHOOKS_ROUTE, useValue: route },
    {
      provide: GEMINI_WEBHOOKS_CONFIG,
      useFactory: (settings: GeminiWebhooksSettings, instances: ModuleInstances) => {
        instances.add(route);
        return geminiWebhooksConfig(route.registration, settings, readEnvironment());
      },
      inject: [GEMINI_WEBHOOKS_SETTINGS, ModuleInstances],
    },
    {
      provide: GEMINI_WEBHOOKS_MOUNT,
      useFactory: (host: HttpAdapterHost, modules: ModulesContainer, ref: ModuleRef): MountedRoute => {
        return () => (route.controller && host.httpAdapter ? mountedRoute(route, modules, ref) : undefined);
      },
      inject: [HttpAdapterHost, ModulesContainer, ModuleRef],
    },
    {
      provide: BindingTokens,
      useFactory: ({ binding }: GeminiWebhooksConfig) =>
        binding ? new BindingTokens(binding.secrets, binding.ttlSeconds) : new BindingTokens([], 0),
      inject: [GEMINI_WEBHOOKS_CONFIG],
    },
    SignatureVerifier,
    ...POLLING_PROVIDERS,
    {
      provide: GEMINI_WEBHOOKS_INBOX,
      useFactory: (
        { name, toleranceSeconds, inboxUrl, jobs, inbox = inlineInbox() }: GeminiWebhooksConfig,
        dispatcher: EventDispatcher,
        bus: GeminiEventBus,
        checker: JobChecker | undefined,
        traces: Telemetry | undefined,
        instances: ModuleInstances,
      ) => {
        const engine: InboxEngine = inbox({
          registration: name,
          toleranceSeconds,
          inboxUrl,
          handlers: () => dispatcher.handlers,
          decide: (delivery) => (checker && engine.jobs ? decideVideoEvent(engine.jobs, checker, delivery) : undefined),
          dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
          traces,
          announce: ({ event }) => bus.emit(event),
          jobs: checker?.tracking(jobs.reconcile, () => engine.jobs),
        });
        const { hasWorkers, failedEvents } = checkedEngine(engine);
        if (hasWorkers !== false) dispatcher.expectHandlers({ isDurable: failedEvents !== undefined });
        else instances.addReceiver(engine);
        return engine;
      },
      inject: [GEMINI_WEBHOOKS_CONFIG, EventDispatcher, GeminiEventBus, JobChecker, Telemetry, ModuleInstances],
    },
    ...inboxProviders(route.registration),
    GaugeReports,
    KeySetGauge,
    AroundHooks,
    JobWebhooks,
    JobEvents,
    {
      provide: getGeminiToken(GeminiJobs, route.registration),
      useFactory: (
        { gemini, jobs, name }: GeminiWebhooksConfig,
        engine: InboxEngine,
        webhooks: JobWebhooks,
        checker: JobChecker | undefined,
      ) =>
        new GeminiJobs(gemini, engine.jobs, webhooks, {
          registration: name,
          checker,
          reconcile: Boolean(jobs.reconcile),
          lock: engine.lock?.bind(engine),
          repeatAfterMs: jobs.repeatStartAfterMs,
        }),
      inject: [GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_INBOX, JobWebhooks, JobChecker],
    },
    ...STATIC_WEBHOOK_PROVIDERS,
    healthProvider(route.registration),
    RawBodyCapture,
    StartupLog,
  ];
}
