import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { logAtStart } from '../config/startup-warnings.js';
import { unservedUrlWarnings } from '../config/unserved-urls.js';
import type { MountedRoute } from '../config/route-url.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_MOUNT } from '../gemini-webhooks.tokens.js';
import { guardedRoutes } from './guarded-routes.js';
import { routePaths } from './route-paths.js';

/** Logs what an operator should know about a configuration. A process without a route refuses no delivery. */
@Injectable()
export class StartupLog implements OnApplicationBootstrap {
  readonly #config: GeminiWebhooksConfig;
  readonly #modules: ModulesContainer;
  readonly #moduleRef: ModuleRef;
  readonly #mounted: MountedRoute;
  readonly #server: HttpAdapterHost;
  readonly #logger = new Logger('GeminiWebhooks');
  #isStarted = false;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) config: GeminiWebhooksConfig,
    modules: ModulesContainer,
    moduleRef: ModuleRef,
    @Inject(GEMINI_WEBHOOKS_MOUNT) mounted: MountedRoute,
    server: HttpAdapterHost,
  ) {
    this.#config = config;
    this.#modules = modules;
    this.#moduleRef = moduleRef;
    this.#mounted = mounted;
    this.#server = server;
    const hasRoute = guardedRoutes(modules, config.name).length > 0;
    logAtStart(config, this.#logger, { hasRoute });
  }

  /** The global prefix and versioning are set after the constructors have run. Nest may call this twice. */
  onApplicationBootstrap(): void {
    // Without a server, such as in a script, controllers have no routes, and the prefix is not known.
    if (this.#isStarted || !this.#server.httpAdapter) return;
    this.#isStarted = true;
    const routes = guardedRoutes(this.#modules, this.#config.name);
    const paths = routes.flatMap((route) => routePaths(this.#moduleRef['container'], route));
    const served = { all: [...new Set(paths)], mounted: this.#mounted() };
    for (const warning of unservedUrlWarnings(this.#config, served)) this.#logger.warn(warning);
  }
}
