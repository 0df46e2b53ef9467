import { Inject, Injectable, Logger } from '@nestjs/common';
import { Changes } from '../database/changes.js';
import { sampleSettings, type SampleSettings } from '../settings.js';
import type { FaultName, FaultView } from './page-api.js';

const TIMEOUT_MS = 5_000;

/** What can go wrong at the simulated Gemini: switched at the control server of who started it. */
@Injectable()
export class Faults {
  readonly #control: SampleSettings['control'];
  readonly #changes: Changes;
  readonly #logger = new Logger('Faults');

  constructor(@Inject(sampleSettings.KEY) { control }: SampleSettings, changes: Changes) {
    this.#control = control;
    this.#changes = changes;
  }

  /** Whether Gemini is simulated. */
  get isThere(): boolean {
    return this.#control !== undefined;
  }

  /** null where Gemini is not simulated, or the simulator is away. */
  async list(): Promise<FaultView[] | null> {
    if (!this.#control) return null;
    try {
      const response = await this.#ask('GET', '/faults');
      return (await response.json()) as FaultView[];
    } catch (error) {
      this.#logger.warn(`The faults could not be read: ${(error as Error).message}`);
      return null;
    }
  }

  async switch(name: FaultName, on: boolean): Promise<void> {
    await this.#ask('PUT', `/faults/${name}`, { on });
    await this.#changes.tell({ of: 'faults' });
  }

  /** A worker is ended as by a crash, and started again. */
  async killWorker(): Promise<void> {
    await this.#ask('POST', '/worker/kill');
  }

  async #ask(method: string, path: string, body?: object): Promise<Response> {
    const { url, token } = this.#control!;
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`);
    return response;
  }
}
