import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A received delivery. */
export interface ReceivedDelivery {
  /** With its query. */
  readonly path: string;
  readonly headers: Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>;
  readonly body: string;
}

/** A receiver that records deliveries without verifying them. */
export interface WebhookSink {
  readonly url: string;
  readonly received: ReceivedDelivery[];
  /** Status of responses, by default 200; 0 cuts the connection. */
  status: number;
}

const running: Server[] = [];

/** Starts a sink. `closeSinks` closes it. */
export async function startSink(): Promise<WebhookSink> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      sink.received.push({
        path: request.url ?? '',
        headers: request.headers as unknown as ReceivedDelivery['headers'],
        body: body.toString(),
      });
      if (sink.status === 0) response.destroy();
      else response.writeHead(sink.status).end();
    });
  });
  running.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const sink: WebhookSink = { url, received: [], status: 200 };
  return sink;
}

/** For `afterEach`: no receiver outlives its test. */
export async function closeSinks(): Promise<void> {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
