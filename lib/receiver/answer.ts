import type { AbstractHttpAdapter } from '@nestjs/core';
import type { ServerResponse } from 'node:http';

/** What to answer with. */
export interface Answer {
  readonly status: number;
  /** With a content type. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Answers JSON under its own content type, whatever the adapter would make of it. */
export function answer(adapter: AbstractHttpAdapter, response: object, { status, headers, body }: Answer): void {
  if (adapter.getType() !== 'express') {
    for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
    adapter.reply(response, body, status);
    return;
  }
  // Past Express: it would hash each answer for an ETag that no sender of webhooks asks for, and Nest 11's adapter would
  // call a problem plain JSON.
  const bytes = Buffer.from(JSON.stringify(body));
  (response as ServerResponse).writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes);
}
