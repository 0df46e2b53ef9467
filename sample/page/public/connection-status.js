/** @import { ConnectionState } from './live-connection.js' */
import { partsOf, setText } from './parts.js';

/** Shows whether what is on the page is live, and which process says so. */
export class ConnectionStatus {
  #part = partsOf(document);
  /** @type {ConnectionState} */
  #state = 'connecting';
  /** @type {string | null} */
  #process = null;

  /** @param {ConnectionState} state */
  setState(state) {
    this.#state = state;
    this.#show();
  }

  /** @param {string | null} process */
  setProcess(process) {
    this.#process = process;
    this.#show();
  }

  #show() {
    const live = this.#process === null ? 'Live' : `Live from ${this.#process}`;
    const texts = { connecting: 'Connecting…', live, lost: 'Reconnecting…' };
    this.#part('connection').dataset['state'] = this.#state;
    setText(this.#part('connection-text'), texts[this.#state]);
  }
}
