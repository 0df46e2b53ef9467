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
  /** Rejects once it is wished. */
  readonly heard: Promise<never>;
  #since: number | undefined;

  /** @param atOnce ends what it can without waiting */
  constructor(terminal: Terminal, atOnce: () => void) {
    this.#terminal = terminal;
    this.#atOnce = atOnce;
    this.heard = new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason as Error));
    });
    this.heard.catch(() => undefined);
    for (const signal of SIGNALS) process.on(signal, this.#hear);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
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
