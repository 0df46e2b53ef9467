import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that a test keeps back. */
interface Hold {
  readonly path: RegExp;
  /** Whether Gemini gets the call, and only its answer is kept back. */
  readonly isCarriedOut: boolean;
  readonly reached: () => void;
  /** How many such calls pass before it. */
  left: number;
}

/** Stands between the sample and Gemini, and keeps back a call or an answer, so that a process can be killed there. */
export class SampleGeminiRelay {
  readonly #server: Server;
  readonly #gemini: string;
  #hold: Hold | undefined;

  private constructor(server: Server, gemini: string) {
    this.#server = server;
    this.#gemini = gemini;
    server.on('request', (request, response) => this.#relay(request, response));
  }

  static async start(gemini: string): Promise<SampleGeminiRelay> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new SampleGeminiRelay(server, gemini);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * Keeps back a POST whose path matches, after so many that pass: Gemini does not hear of it.
   *
   * @returns what resolves when it has come
   */
  holdCall(path: RegExp, after = 0): Promise<void> {
    return this.#holdNext(path, false, after);
  }

  /** Keeps back the answer to such a POST. @returns what resolves when Gemini has answered */
  holdAnswer(path: RegExp, after = 0): Promise<void> {
    return this.#holdNext(path, true, after);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #holdNext(path: RegExp, isCarriedOut: boolean, left: number): Promise<void> {
    return new Promise((reached) => {
      this.#hold = { path, isCarriedOut, reached, left };
    });
  }

  #taken(url: string): Hold | undefined {
    const hold = this.#hold;
    if (!hold?.path.test(url)) return undefined;
    hold.left -= 1;
    if (hold.left >= 0) return undefined;
    this.#hold = undefined;
    return hold;
  }

  #relay(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '/', headers } = request;
    const hold = method === 'POST' ? this.#taken(url) : undefined;
    if (hold?.isCarriedOut === false) return hold.reached();
    const onward = send(new URL(url, this.#gemini), { method, headers }, (answer) => {
      if (hold) {
        answer.resume().once('end', hold.reached);
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}
