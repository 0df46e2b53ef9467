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
  const json = JSON.stringify(body);
  if (adapter.getType() !== 'express') {
    setHeaders(adapter, response, headers);
    adapter.reply(response, json, status);
    return;
  }
  // Past Express: it would hash each answer for an ETag that no sender of webhooks asks for, and Nest 11's adapter would
  // call a problem plain JSON. A string, which Node writes in one piece with the headers.
  const length = Buffer.byteLength(json);
  (response as ServerResponse).writeHead(status, { ...headers, 'content-length': length }).end(json);
}

/** Sets headers ahead of the answer, for whatever filter gives it. */
export function setHeaders(adapter: AbstractHttpAdapter, response: object, headers: Answer['headers']): void {
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
}
