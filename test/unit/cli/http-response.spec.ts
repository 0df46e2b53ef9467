import { describe, expect, it } from '@jest/globals';
import { resultText, sendRequest } from '../../../lib/cli/http-response.js';

const URL_OF_APP = new URL('http://127.0.0.1:9/hook');
const resultOf = (response: Response) => sendRequest(URL_OF_APP, { method: 'POST' }, () => Promise.resolve(response));

describe('sendRequest', () => {
  it.each([
    [new Response('{"status":"processed"}'), '200 processed'],
    [new Response('{"status":401,"code":"signature_mismatch"}', { status: 401 }), '401 signature_mismatch'],
    [new Response('<html>', { status: 502 }), '502'],
    [new Response('{"code":"\\u001b[31m"}', { status: 500 }), '500 ?[31m'],
    [new Response(null, { status: 308, headers: { location: 'https://elsewhere.example' } }), '308'],
  ])('formats a response as text', async (response, text) => {
    expect(resultText(await resultOf(response))).toBe(text);
  });

  it('reads at most 64 KiB', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024));
      },
    });
    expect(await resultOf(new Response(body))).toMatchObject({ status: 200, code: '' });
    expect(pulled).toBeLessThan(10);
  });

  it('reports why there is no response', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') });
    const result = await sendRequest(URL_OF_APP, {}, () => Promise.reject(refused));

    expect(result).toMatchObject({ status: undefined, code: '' });
    expect(resultText(result)).toContain('connect ECONNREFUSED 127.0.0.1:9');
  });

  it('measures how far the clock of the server is ahead', async () => {
    const date = new Date(Date.now() + 400_000).toUTCString();
    const { clockAheadMs = 0 } = await resultOf(new Response('', { headers: { date } }));

    expect(Math.round(clockAheadMs / 10_000)).toBe(40);
    expect((await resultOf(new Response('', { headers: { date: 'soon' } }))).clockAheadMs).toBeUndefined();
  });
});
