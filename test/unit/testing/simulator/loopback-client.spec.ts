import { afterEach, describe, expect, it } from '@jest/globals';
import { LoopbackClient } from '../../../../lib/testing/simulator/loopback-client.js';
import { closeSinks, startSink } from '../../../support/webhook-sink.js';

const client = new LoopbackClient();
const post = (url: string) => client.post(url, {}, Buffer.from('{}'));

afterEach(closeSinks);

describe('LoopbackClient', () => {
  it.each([200, 307, 503])('returns the status %i', async (status) => {
    const sink = await startSink();
    sink.status = status;

    expect(await post(sink.url)).toEqual({ status });
    expect(sink.received).toMatchObject([{ body: '{}' }]);
  });

  it('returns the reason for a missing response', async () => {
    const sink = await startSink();
    sink.status = 0;

    expect(await post(sink.url)).toEqual({ status: undefined, error: 'ECONNRESET' });
    await closeSinks();
    expect(await post(sink.url)).toEqual({ status: undefined, error: 'ECONNREFUSED' });
  });

  it.each([
    'http://192.0.2.1/hook',
    'https://example.com/hook',
    'http://127.0.0.1.example.com/',
    'http://localhost.evil/',
  ])('sends nothing to another machine: %s', async (url) => {
    expect(await post(url)).toEqual({ status: undefined, error: expect.stringContaining('loopback only') });
  });

  it('resolves all open requests on close, including those that wait for a connection', async () => {
    const closing = new LoopbackClient();
    const { url } = await startSink();
    const outcomes = Array.from({ length: 200 }, () => closing.post(url, {}, Buffer.alloc(0)));
    closing.close();

    expect(new Set((await Promise.all(outcomes)).map(({ status }) => status))).toEqual(new Set([undefined]));
  });
});
