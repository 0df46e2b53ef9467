import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Subject, type Observable } from 'rxjs';
import { serveOnLoopback } from './loopback-server.js';
import type { Terminal } from './terminal.js';

const ANSWER_TIMEOUT_MS = 10_000;
const HEADERS = ['content-type', 'content-encoding', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * The public address of the app, as a tunnel to a laptop is. Shows what comes in and what is answered, and lets in one
 * delivery after the other, so that their lines do not mix.
 */
export class Tunnel {
  readonly #terminal: Terminal;
  readonly #answers = new Subject<string>();
  #url = '';
  #app = '';
  #last: Promise<void> = Promise.resolve();

  private constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  static async open(terminal: Terminal): Promise<Tunnel> {
    const tunnel = new Tunnel(terminal);
    tunnel.#url = await serveOnLoopback((request, response) => {
      tunnel.#last = tunnel.#last.then(() => tunnel.#pass(request, response));
    });
    return tunnel;
  }

  get url(): string {
    return this.#url;
  }

  /** Status and word of each answer: `200 processed`. */
  get answers$(): Observable<string> {
    return this.#answers;
  }

  /** @param app the origin of the app */
  leadTo(app: string): void {
    this.#app = app;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await buffer(request);
      this.#showRequest(request, body);
      const answer = await this.#ask(request, body);
      this.#showAnswer(answer);
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    } catch (error) {
      this.#terminal.entry('failure', 'no answer', (error as Error).message);
      this.#answers.next('no answer');
      response.destroy();
    }
  }

  async #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const response = await fetch(`${this.#app}${url}`, {
      ...(method && { method }),
      headers: HEADERS.flatMap((name): [string, string][] => (headers[name] ? [[name, String(headers[name])]] : [])),
      ...(body.length > 0 && { body: new Uint8Array(body) }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? 'text/plain',
      body: await response.text(),
    };
  }

  /** The query may hold a token. */
  #showRequest({ method, url = '/', headers }: IncomingMessage, body: Buffer): void {
    const target = url.replaceAll(/=[^&]*/g, '=…');
    const [scheme] = String(headers['webhook-signature'] ?? 'not at all').split(',');
    const id = headers['webhook-id'] ?? 'without an id';
    this.#terminal.entry(
      'sent',
      fieldsOf(body.toString())['type'] ?? '?',
      `${method} ${target} ${id}, signed ${scheme}`,
    );
  }

  #showAnswer({ status, body }: Answer): void {
    const { status: word = 'no Gemini webhook', code = word, title } = fieldsOf(body);
    const text = title === undefined ? code : `${code}: ${title}`;
    this.#terminal.entry(status >= 200 && status <= 299 ? 'taken' : 'refused', `${status}`, text);
    this.#answers.next(`${status} ${code}`);
  }
}

/** Those of a JSON object that are texts; none of what is no JSON, which whoever tries things out may send. */
function fieldsOf(json: string): Readonly<Record<string, string>> {
  try {
    const fields = Object.entries(JSON.parse(json) as object);
    return Object.fromEntries(fields.filter((field): field is [string, string] => typeof field[1] === 'string'));
  } catch {
    return {};
  }
}
