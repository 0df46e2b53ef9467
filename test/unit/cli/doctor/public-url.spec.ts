import { describe, expect, it } from '@jest/globals';
import { publicUrlCheck } from '../../../../lib/cli/doctor/public-url.js';

const look = (url: string, ...addresses: string[]) => publicUrlCheck(new URL(url), false, async () => addresses);

describe('publicUrlCheck', () => {
  it.each([['93.184.216.34'], ['2606:2800:220:1:248:1893:25c8:1946'], ['172.32.0.1'], ['100.128.0.1']])(
    'passes https at %s',
    async (address) => {
      expect(await look('https://app.example.com/hook', address)).toMatchObject({ state: 'passed' });
    },
  );

  it.each([
    ['127.0.0.1'],
    ['10.1.2.3'],
    ['172.31.255.255'],
    ['192.168.0.1'],
    ['169.254.169.254'],
    ['100.64.0.1'],
    ['0.0.0.0'],
    ['::1'],
    ['fd00::1'],
    ['fe80::1'],
    ['::ffff:10.0.0.1'],
  ])('fails https at %s', async (address) => {
    expect(await look('https://app.example.com/hook', '93.184.216.34', address)).toMatchObject({
      state: 'failed',
      found: expect.stringContaining(address),
    });
  });

  it('fails http, whatever the address', async () => {
    expect(await look('http://app.example.com/', '93.184.216.34')).toMatchObject({ state: 'failed' });
  });

  it('fails a name without an address', async () => {
    const check = await publicUrlCheck(new URL('https://nowhere.example'), false, () =>
      Promise.reject(new Error('ENOTFOUND')),
    );

    expect(check).toMatchObject({ state: 'failed', found: expect.stringContaining('ENOTFOUND') });
  });

  it('resolves an IPv6 address without its brackets', async () => {
    const asked: string[] = [];
    await publicUrlCheck(new URL('https://[2606:2800::1]/'), false, async (host) => (asked.push(host), [host]));

    expect(asked).toEqual(['2606:2800::1']);
  });

  it('skips an app under development', async () => {
    expect(await publicUrlCheck(new URL('http://localhost/'), true)).toMatchObject({ state: 'skipped' });
  });
});
