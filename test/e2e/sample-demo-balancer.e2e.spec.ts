import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Balancer } from '../../sample/demo/balancer.js';
import { freePort } from '../integration/support/own-stores.js';

let servers: Server[];
let balancer: Balancer;
let origin: string;

/** A web process that answers with its name, unless it is given something else to do. */
async function backend(name: string, listener?: RequestListener): Promise<{ readonly port: number }> {
  const answer: RequestListener = async (request, response) => {
    response.writeHead(201, { 'x-backend': name }).end(await text(request));
  };
  const server = createServer(listener ?? answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port };
}

async function balance(...backends: { readonly port: number }[]): Promise<void> {
  const port = await freePort();
  balancer = await Balancer.listen(port, backends);
  origin = `http://127.0.0.1:${port}`;
}

async function post(body: string): Promise<{ status: number; by: string | null; body: string }> {
  const response = await fetch(origin, { method: 'POST', body });
  return { status: response.status, by: response.headers.get('x-backend'), body: await response.text() };
}

beforeEach(() => {
  servers = [];
});

afterEach(() => {
  balancer.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

describe("the demo's balancer", () => {
  it('gives one request after the other to one web process after the other', async () => {
    await balance(await backend('a'), await backend('b'));

    const answers = [await post('1'), await post('2'), await post('3')];

    expect(answers.map(({ by }) => by)).toEqual(['a', 'b', 'a']);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(['1', '2', '3'].map((body) => [201, body]));
  });

  it('passes over one that takes no connection, and loses nothing of the body', async () => {
    const body = 'x'.repeat(1_000_000);
    await balance({ port: await freePort() }, await backend('b'));

    expect(await post(body)).toEqual({ status: 201, by: 'b', body });
    expect(await post(body)).toEqual({ status: 201, by: 'b', body });
  });

  it('answers 502 when none takes a connection', async () => {
    await balance({ port: await freePort() }, { port: await freePort() });

    expect(await post('')).toMatchObject({ status: 502, body: 'No web process answers.\n' });
  });

  it('does not give a request to a second one when the first has died with it', async () => {
    let requests = 0;
    const dying: RequestListener = (request) => {
      requests += 1;
      request.socket.destroy();
    };
    await balance(await backend('a', dying), await backend('b', dying));

    expect(await post('order')).toMatchObject({ status: 502 });
    expect(requests).toBe(1);
  });

  it('passes on server-sent events as they come, and tells the web process when nobody listens any more', async () => {
    let left: Promise<unknown> | undefined;
    const live: RequestListener = (_request, response) => {
      left = once(response, 'close');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: state\n\n');
    };
    await balance(await backend('a', live));

    const response = await fetch(origin);
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();

    expect(new TextDecoder().decode(value)).toBe('event: state\n\n');
    await left;
  });
});
