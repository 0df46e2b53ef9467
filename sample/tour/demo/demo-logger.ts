import type { LoggerService } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { EntryKind, Terminal } from './terminal.js';

/** What Nest itself has to say of a start; a start that fails says so by its error. */
const NEST = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * The app's log in the demo's columns. Handlers log under their own name, so each line of theirs says which method got
 * what. Stacks are left out: what fails here is meant to.
 */
export class DemoLogger implements LoggerService {
  readonly #terminal: Terminal;
  readonly #handlers = new Subject<string>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** The name of each handler that logs. */
  get handlers$(): Observable<string> {
    return this.#handlers;
  }

  log(message: unknown, ...rest: unknown[]): void {
    const context = this.#print('ran', message, rest);
    if (context !== undefined) this.#handlers.next(context);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#print('warning', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#print('failure', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#print('note', message, rest);
  }

  /** Nest's `Logger` puts the context last. */
  #print(kind: EntryKind, message: unknown, rest: readonly unknown[]): string | undefined {
    const context = String(rest.at(-1) ?? '');
    if (NEST.has(context)) return undefined;
    this.#terminal.entry(kind, context, String(message));
    return context;
  }
}
