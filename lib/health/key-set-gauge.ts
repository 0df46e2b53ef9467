import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { GEMINI_WEBHOOKS_CONFIG } from '../gemini-webhooks.tokens.js';
import { SignatureVerifier } from '../signature/signature-verifier.js';
import { ATTRIBUTES } from '../telemetry/attributes.js';
import { Telemetry } from '../telemetry/telemetry.js';

/** Reports the age of Google's keys whenever the app collects metrics. Does not fetch them. */
@Injectable()
export class KeySetGauge implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #registration: string;
  readonly #verifier: Pick<SignatureVerifier, 'keySetStatus'>;
  readonly #telemetry: Telemetry | undefined;
  #stop: (() => void) | undefined;
  #isClosed = false;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) { name }: { readonly name: string },
    @Inject(SignatureVerifier) verifier: Pick<SignatureVerifier, 'keySetStatus'>,
    @Inject(Telemetry) telemetry: Telemetry | undefined,
  ) {
    this.#registration = name;
    this.#verifier = verifier;
    this.#telemetry = telemetry;
  }

  onApplicationBootstrap(): void {
    if (this.#isClosed) return;
    this.#stop = this.#telemetry?.observe(['gemini.webhooks.key_set.age'], () => this.#read(), {
      [ATTRIBUTES.registration]: this.#registration,
    });
  }

  onModuleDestroy(): void {
    this.#isClosed = true;
    this.#stop?.();
  }

  async #read(): Promise<Partial<Record<'gemini.webhooks.key_set.age', number>>> {
    const status = await this.#verifier.keySetStatus();
    return status?.ageMs === undefined ? {} : { 'gemini.webhooks.key_set.age': status.ageMs / 1_000 };
  }
}
