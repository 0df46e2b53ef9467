/** @import { LiveMessages } from '../page-api.js' */

/** @typedef {'connecting' | 'live' | 'lost'} ConnectionState */

/** @type {readonly (keyof LiveMessages)[]} */
const MESSAGES = ['state', 'workflow', 'delivery', 'event', 'results', 'faults'];
const RETRY_MS = 1500;

/**
 * Hears what the app says over server-sent events. The browser reconnects by itself after a cut; where it gives up,
 * since the answer was not a stream of events, it is tried again here.
 */
export class LiveConnection {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #url;
  #onMessage;
  #onState;

  /**
   * @param {string} url
   * @param {(name: keyof LiveMessages, data: any) => void} onMessage
   * @param {(state: ConnectionState) => void} onState
   */
  constructor(url, onMessage, onState) {
    this.#url = url;
    this.#onMessage = onMessage;
    this.#onState = onState;
  }

  open() {
    this.#onState('connecting');
    this.#connect();
    addEventListener('online', () => this.#connect());
    // A page with an open connection cannot be kept for the back button.
    addEventListener('pagehide', () => this.#close());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) this.#connect();
    });
  }

  #connect() {
    this.#close();
    const source = new EventSource(this.#url);
    this.#source = source;
    for (const name of MESSAGES) {
      source.addEventListener(name, ({ data }) => {
        if (name === 'state') this.#onState('live');
        this.#onMessage(name, JSON.parse(data));
      });
    }
    source.addEventListener('error', () => {
      this.#onState('lost');
      if (source.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    });
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }
}
