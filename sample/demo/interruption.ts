import type { Terminal } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl+C comes twice when it is pressed under `nest start`: from the terminal, and handed on. */
const ECHO_MS = 700;
const INTERRUPTED = 130;

/** The wish to end: once to end in order, once more to end at once. */
export class Interruption {
  readonly #terminal: Terminal;
  readonly #atOnce: () => void;
  readonly #abort = new AbortController();
  #since: number | undefined;

  /** @param atOnce ends what it can without waiting */
  constructor(terminal: Terminal, atOnce: () => void) {
    this.#terminal = terminal;
    this.#atOnce = atOnce;
    for (const signal of SIGNALS) process.on(signal, this.#hear);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Rejects with the signal's reason. */
  get heard(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const { signal } = this;
      const refuse = () => reject(signal.reason as Error);
      if (signal.aborted) refuse();
      else signal.addEventListener('abort', refuse, { once: true });
    });
  }

  forget(): void {
    for (const signal of SIGNALS) process.off(signal, this.#hear);
  }

  readonly #hear = (): void => {
    if (this.#since === undefined) {
      this.#since = Date.now();
      this.#abort.abort();
      this.#terminal.print('\nEnding all that was started. Ctrl+C again ends it at once.');
    } else if (Date.now() - this.#since > ECHO_MS) {
      this.#atOnce();
      process.exit(INTERRUPTED);
    }
  };
}
