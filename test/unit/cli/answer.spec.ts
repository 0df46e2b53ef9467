import { describe, expect, it } from '@jest/globals';
import { answerText, answerTo } from '../../../lib/cli/answer.js';

const URL_OF_APP = new URL('http://127.0.0.1:9/hook');
const answered = (response: Response) => answerTo(URL_OF_APP, { method: 'POST' }, () => Promise.resolve(response));

describe('answerTo', () => {
  it.each([
    [new Response('{"status":"processed"}'), '200 processed'],
    [new Response('{"status":401,"code":"signature_mismatch"}', { status: 401 }), '401 signature_mismatch'],
    [new Response('<html>', { status: 502 }), '502'],
    [new Response('{"code":"\\u001b[31m"}', { status: 500 }), '500 ?[31m'],
    [new Response(null, { status: 308, headers: { location: 'https://elsewhere.example' } }), '308'],
  ])('reads an answer as people do', async (response, text) => {
    expect(answerText(await answered(response))).toBe(text);
  });

  it('reads at most 64 KiB', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024));
      },
    });
    expect(await answered(new Response(body))).toMatchObject({ status: 200, word: '' });
    expect(pulled).toBeLessThan(10);
  });

  it('says why there is none', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') });
    const answer = await answerTo(URL_OF_APP, {}, () => Promise.reject(refused));

    expect(answerText(answer)).toBe('no answer: connect ECONNREFUSED 127.0.0.1:9');
  });

  it('says how far the clock of the server is ahead', async () => {
    const date = new Date(Date.now() + 400_000).toUTCString();
    const { clockAheadMs = 0 } = await answered(new Response('', { headers: { date } }));

    expect(Math.round(clockAheadMs / 10_000)).toBe(40);
    expect((await answered(new Response('', { headers: { date: 'soon' } }))).clockAheadMs).toBeUndefined();
  });
});
