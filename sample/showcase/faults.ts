import { Injectable, NotFoundException } from '@nestjs/common';
import { BehaviorSubject } from 'rxjs';
import type { FaultName } from './page-api.js';
import { ShowcaseSettings } from './settings.js';

/** A delayed webhook arrives after the job's end but before the next poll. */
const DELAY_MS = 2_500;

/** The fault that the simulated Gemini shows: at most one at a time. */
@Injectable()
export class Faults {
  readonly current$ = new BehaviorSubject<FaultName | null>(null);
  #remove = () => {};

  constructor(private readonly settings: ShowcaseSettings) {}

  get isSimulated(): boolean {
    return this.settings.simulator !== undefined;
  }

  set(fault: FaultName | null): void {
    const { simulator } = this.settings;
    if (!simulator) throw new NotFoundException('This is the real Gemini API: its webhooks cannot be made to fail.');
    this.#remove();
    this.#remove =
      fault === null ? () => {} : simulator.inject(fault === 'delay' ? { fault, delayMs: DELAY_MS } : { fault });
    this.current$.next(fault);
  }
}
