import type { Delivery } from './senders.js';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** Posts a delivery and reads the response. */
export async function post(
  url: string,
  { headers, body }: { headers: Record<string, string>; body: string | Buffer },
): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers, body: body as string });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

export type { Delivery };
