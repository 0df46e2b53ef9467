import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationBootstrap,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ConfigModule, type ConfigType } from '@nestjs/config';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { GeminiEventBus } from './bus/gemini-event-bus.js';
import { EndpointSecrets } from './endpoints/endpoint-secrets.js';
import { GeminiWebhookEndpoints } from './endpoints/gemini-webhook-endpoints.js';
import { secretStoreKeys } from './endpoints.config.js';
import { GeminiWebhooksCoreModule, Registrations } from './gemini-webhooks-core.module.js';
import { geminiWebhooksConfig, type GeminiWebhooksConfig } from './gemini-webhooks.config.js';
import { geminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type {
  GeminiWebhooksModuleAsyncOptions,
  GeminiWebhooksModuleOptions,
  GeminiWebhooksSettings,
} from './gemini-webhooks.options.js';
import { geminiWebhooksRoute, type GeminiWebhooksRoute } from './gemini-webhooks.route.js';
import {
  DEFAULT_REGISTRATION,
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_JOB_CONFIRMATION,
  GEMINI_WEBHOOKS_LIVE_SECRETS,
  GEMINI_WEBHOOKS_MOUNT,
  GEMINI_WEBHOOKS_ROUTE,
  GEMINI_WEBHOOKS_SETTINGS,
  getGeminiToken,
} from './gemini-webhooks.tokens.js';
import { EventDispatcher } from './handlers/event-dispatcher.js';
import { GeminiFailedEvents } from './inbox/failed-events.js';
import { GeminiInbox } from './inbox/gemini-inbox.js';
import type { InboxEngine } from './inbox/inbox-engine.js';
import { inlineInbox } from './inbox/inline-inbox.js';
import { GeminiJobs } from './jobs/gemini-jobs.js';
import { JobChecker } from './jobs/job-checker.js';
import { jobConfirmation } from './jobs/job-confirmation.js';
import { JobEvents } from './jobs/job-events.js';
import { JobWebhooks } from './jobs/job-webhooks.js';
import { createController } from './receiver/gemini-webhooks.controller.js';
import { mountedRoute } from './receiver/mounted-route.js';
import { RawBodyCapture } from './receiver/raw-body-capture.js';
import { routeUrl, type MountedRoute } from './route-url.js';
import { settingsProviders } from './settings-providers.js';
import { BindingTokens } from './signature/binding.js';
import { SignatureVerifier } from './signature/signature-verifier.js';
import { startupWarnings } from './startup-warnings.js';

/** What users inject of a registration. */
const INJECTABLES: readonly Type[] = [
  SignatureVerifier,
  GeminiInbox,
  GeminiFailedEvents,
  GeminiJobs,
  GeminiWebhookEndpoints,
] as Type[];

/**
 * Receives Gemini's webhooks and calls the methods that carry `@OnGeminiEvent`.
 *
 * @example
 * @Module({ imports: [GeminiWebhooksModule.forRoot()] })
 * export class AppModule {}
 */
@Module({})
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
   * Registers a receiver. Without options all comes from the environment.
   *
   * @throws GeminiWebhooksError `invalid_option`, here for what shapes the route and at start for the rest
   */
  static forRoot(options: GeminiWebhooksModuleOptions = {}): DynamicModule {
    const { name, path, controller, decorators, global, ...settings } = options;
    const route = geminiWebhooksRoute({ name, path, controller, decorators }, process.env['GEMINI_WEBHOOK_PATH']);
    return define(route, global, [{ provide: GEMINI_WEBHOOKS_SETTINGS, useValue: settings }]);
  }

  /**
   * Registers a receiver whose settings come from a factory. What shapes the route stands beside it.
   *
   * @example
   * GeminiWebhooksModule.forRootAsync({
   *   path: 'hooks/gemini',
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ hmac: { secrets: config.getOrThrow('SECRET') } }),
   * })
   *
   * @throws GeminiWebhooksError `invalid_option`
   */
  static forRootAsync(options: GeminiWebhooksModuleAsyncOptions): DynamicModule {
    const { imports, global, ...rest } = options;
    return define(geminiWebhooksRoute(rest), global, settingsProviders(rest), imports);
  }

  /** Nest calls the providers' hooks first, so the inbox has started and its lock works. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.#config.endpoint) await this.#endpoints.syncAtStart(this.#config.endpoint);
  }
}

function define(
  route: GeminiWebhooksRoute,
  global = true,
  settings: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  const named = (type: Type): InjectionToken => getGeminiToken(type, route.registration);
  const aliases =
    route.registration === DEFAULT_REGISTRATION
      ? []
      : INJECTABLES.map((type) => ({ provide: named(type), useExisting: type }));
  return {
    module: GeminiWebhooksModule,
    global,
    imports: [...imports, GeminiWebhooksCoreModule, ConfigModule.forFeature(geminiWebhooksEnvironment)],
    controllers: route.controller ? [createController(route)] : [],
    providers: [...settings, ...registrationProviders(route), ...aliases],
    exports: [GeminiWebhooksCoreModule, ...INJECTABLES.map(named)],
  };
}

function registrationProviders(route: GeminiWebhooksRoute): Provider[] {
  return [
    { provide: GEMINI_WEBHOOKS_ROUTE, useValue: route },
    {
      provide: GEMINI_WEBHOOKS_CONFIG,
      useFactory: (
        settings: GeminiWebhooksSettings,
        environment: ConfigType<typeof geminiWebhooksEnvironment>,
        registrations: Registrations,
      ) => {
        registrations.add(route);
        const config = geminiWebhooksConfig(route.registration, settings, environment);
        const logger = new Logger('GeminiWebhooks');
        for (const warning of startupWarnings(config)) logger.warn(warning);
        return config;
      },
      inject: [GEMINI_WEBHOOKS_SETTINGS, geminiWebhooksEnvironment.KEY, Registrations],
    },
    {
      provide: GEMINI_WEBHOOKS_MOUNT,
      useFactory: (adapterHost: HttpAdapterHost, modules: ModulesContainer, moduleRef: ModuleRef): MountedRoute => {
        return () =>
          route.controller && adapterHost.httpAdapter ? mountedRoute(route, modules, moduleRef) : undefined;
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
    {
      provide: JobChecker,
      useFactory: ({ gemini, name }: GeminiWebhooksConfig) => gemini && new JobChecker(gemini, name),
      inject: [GEMINI_WEBHOOKS_CONFIG],
    },
    {
      provide: GEMINI_WEBHOOKS_INBOX,
      useFactory: (
        { name, toleranceSeconds, inboxUrl, reconcile, inbox = inlineInbox() }: GeminiWebhooksConfig,
        dispatcher: EventDispatcher,
        bus: GeminiEventBus,
        checker: JobChecker | undefined,
      ) =>
        inbox({
          registration: name,
          toleranceSeconds,
          inboxUrl,
          handlers: () => dispatcher.handlers,
          dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
          announce: ({ event }) => bus.emit(event),
          jobs: checker && { check: (job, event) => checker.check(job, event), reconcile },
        }),
      inject: [GEMINI_WEBHOOKS_CONFIG, EventDispatcher, GeminiEventBus, JobChecker],
    },
    {
      provide: GEMINI_WEBHOOKS_JOB_CONFIRMATION,
      useFactory: ({ jobs }: InboxEngine, checker: JobChecker | undefined) =>
        jobs && checker && jobConfirmation(jobs, checker),
      inject: [GEMINI_WEBHOOKS_INBOX, JobChecker],
    },
    {
      provide: GeminiInbox,
      useFactory: (engine: InboxEngine) => new GeminiInbox(engine),
      inject: [GEMINI_WEBHOOKS_INBOX],
    },
    {
      provide: GeminiFailedEvents,
      useFactory: ({ failedEvents }: InboxEngine) => new GeminiFailedEvents(failedEvents),
      inject: [GEMINI_WEBHOOKS_INBOX],
    },
    JobWebhooks,
    JobEvents,
    {
      provide: GeminiJobs,
      useFactory: ({ gemini }: GeminiWebhooksConfig, { jobs }: InboxEngine, webhooks: JobWebhooks) =>
        new GeminiJobs(gemini, jobs, webhooks),
      inject: [GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_INBOX, JobWebhooks],
    },
    { provide: GEMINI_WEBHOOKS_LIVE_SECRETS, useFactory: () => new EndpointSecrets() },
    {
      provide: GeminiWebhookEndpoints,
      useFactory: (
        { gemini, name, inboxUrl, publicUrl, binding }: GeminiWebhooksConfig,
        secrets: EndpointSecrets,
        engine: InboxEngine,
        mounted: MountedRoute,
      ) =>
        new GeminiWebhookEndpoints({
          ai: gemini,
          host: { registration: name, keys: secretStoreKeys(binding, gemini), inboxUrl },
          secrets,
          lock: engine.lock?.bind(engine),
          routeUri: () => routeUrl('GeminiWebhookEndpoints', publicUrl, mounted, {}).url,
        }),
      inject: [GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_LIVE_SECRETS, GEMINI_WEBHOOKS_INBOX, GEMINI_WEBHOOKS_MOUNT],
    },
    RawBodyCapture,
  ];
}
