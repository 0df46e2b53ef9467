import { once } from 'node:events';
import { createServer } from 'node:http';

const KEY_HEADERS = /^(?:content-type|x-goog-upload-.*|x-goog-api-key|api-revision)$/;
const MAX_BODY_BYTES = 1024 * 1024;

/** Records the requests of an SDK on loopback, and answers each as it is told to. */
export class Recorder {
  #requests = [];
  #answer = () => ({});
  #server = createServer((request, response) => {
    this.#record(request)
      .then((recorded) => {
        const { status = 200, headers = {}, body = {} } = this.#answer(recorded, this.origin);
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      })
      .catch((error) => response.destroy(error));
  });

  static async start() {
    const recorder = new Recorder();
    await once(recorder.#server.listen(0, '127.0.0.1'), 'listening');
    return recorder;
  }

  get origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Runs one call of the SDK and returns the requests that it made, and how it ended. */
  async during(call, answer) {
    this.#requests = [];
    this.#answer = answer;
    const ended = await call().then(
      (result) => ({ result }),
      (error) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    return { requests: this.#requests, ...ended };
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #record(request) {
    const chunks = [];
    let bytes = 0;
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) throw new Error(`${request.url}: the body is longer than ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    }
    const recorded = {
      method: request.method,
      path: request.url,
      headers: headersOf(request),
      ...(bytes > 0 && { body: bodyOf(Buffer.concat(chunks).toString()) }),
    };
    this.#requests.push(recorded);
    return recorded;
  }
}

/** Those that the API reads, not those that name versions of Node or the SDK. */
function headersOf(request) {
  return Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => KEY_HEADERS.test(name))
      .toSorted(),
  );
}

function bodyOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
