import { once } from 'node:events';
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** Starts a POST with exactly the given headers, including repeated ones. The caller writes the body. */
export function beginPost(
  url: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
  agent?: Agent,
): ClientRequest {
  const pairs = Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return request(url, {
    method: 'POST',
    headers: ['host', new URL(url).host, ...pairs],
    ...(agent && { agent }),
  });
}

/** Resolves with the response, even if the upload has not ended. */
export async function answerTo(sent: ClientRequest): Promise<RawAnswer> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** Posts with exactly the given headers, plus a content-length. */
export async function rawPost(
  url: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body: string | Buffer,
): Promise<RawAnswer> {
  const sent = beginPost(url, { 'content-length': String(Buffer.byteLength(body)), ...headers });
  sent.end(body);
  return answerTo(sent);
}
