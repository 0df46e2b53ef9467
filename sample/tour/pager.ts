import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

/** Somebody's paging service: one of the things outside that a handler needs and that sometimes fail. */
@Injectable()
export class Pager {
  readonly #url: string;

  constructor(config: ConfigService) {
    this.#url = config.getOrThrow('PAGER_URL');
  }

  /** Rejects when nobody was reached, or when `signal` aborts. */
  async page(message: string, signal: AbortSignal): Promise<void> {
    const response = await fetch(this.#url, { method: 'POST', body: message, signal });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the pager answered ${response.status}`);
  }
}
