import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { GEMINI_WEBHOOKS_CONFIG } from '../gemini-webhooks.tokens.js';
import type { AroundGeminiHandler } from './around-handler.js';
import { EventDispatcher } from './event-dispatcher.js';

/** What this step needs of the module instance's configuration. */
interface AroundConfig {
  readonly name: string;
  readonly around: readonly Type<AroundGeminiHandler>[];
}

/** Finds or creates the hooks of a module instance, before its inbox starts. */
@Injectable()
export class AroundHooks implements OnModuleInit {
  readonly #config: AroundConfig;
  readonly #moduleRef: ModuleRef;
  readonly #dispatcher: EventDispatcher;

  constructor(@Inject(GEMINI_WEBHOOKS_CONFIG) config: AroundConfig, moduleRef: ModuleRef, dispatcher: EventDispatcher) {
    this.#config = config;
    this.#moduleRef = moduleRef;
    this.#dispatcher = dispatcher;
  }

  /** @throws GeminiWebhooksError `invalid_option` for a class that is no singleton, cannot be created or has no `around` */
  async onModuleInit(): Promise<void> {
    const { name: registration, around } = this.#config;
    if (around.length === 0) return;
    const hooks = await Promise.all(
      around.map(async (type) => ({ name: type.name, hook: await this.#instance(type) })),
    );
    this.#dispatcher.runAround(registration, hooks);
  }

  async #instance(type: Type<AroundGeminiHandler>): Promise<AroundGeminiHandler> {
    const hook = this.#provided(type) ?? (await this.#created(type));
    if (typeof hook.around === 'function') return hook;
    throw invalidHook(type, 'has no method around(run, next)');
  }

  /** The app's own instance, if a module of the app provides the class. */
  #provided(type: Type<AroundGeminiHandler>): AroundGeminiHandler | undefined {
    try {
      return this.#moduleRef.get(type, { strict: false });
    } catch (error) {
      // Nest says both "is not there" and "is not a singleton" by an error, and exports the class of neither.
      if (!/scoped provider/.test(messageOf(error))) return undefined;
      throw invalidHook(
        type,
        'is request-scoped or transient, or depends on such a provider, and an attempt may run without a request: ' +
          'make it a singleton',
        error,
      );
    }
  }

  async #created(type: Type<AroundGeminiHandler>): Promise<AroundGeminiHandler> {
    try {
      return await this.#moduleRef.create(type);
    } catch (cause) {
      throw invalidHook(
        type,
        `could not be created (${messageOf(cause)}): list it in the providers of a module of the app, as a singleton`,
        cause,
      );
    }
  }
}

function invalidHook({ name }: Type, what: string, cause?: unknown): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_option', `GeminiWebhooksModule: around: ${name} ${what}.`, { cause });
}
