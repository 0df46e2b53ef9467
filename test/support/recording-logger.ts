import type { LoggerService } from '@nestjs/common';
import { inspect } from 'node:util';

/** A logger that records its lines. */
export class RecordingLogger implements LoggerService {
  readonly entries: { readonly level: string; readonly text: string }[] = [];

  log = this.#keep('log');
  error = this.#keep('error');
  warn = this.#keep('warn');
  debug = this.#keep('debug');
  verbose = this.#keep('verbose');
  fatal = this.#keep('fatal');

  of(level: string): string[] {
    return this.entries.filter((entry) => entry.level === level).map(({ text }) => text);
  }

  get text(): string {
    return this.entries.map(({ text }) => text).join('\n');
  }

  #keep(level: string) {
    return (...given: unknown[]): void => {
      this.entries.push({
        level,
        text: given.map((one) => (typeof one === 'string' ? one : inspect(one, { depth: 10 }))).join(' '),
      });
    };
  }
}
