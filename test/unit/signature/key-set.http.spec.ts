import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { jwksConfig, type JwksConfig } from '../../../lib/config/jwks.config.js';
import { KeySet } from '../../../lib/signature/key-set.js';
import { closeKeyServers, startKeyServer } from '../../support/key-server.js';
import { GoogleKeys } from '../../support/senders.js';
import { codeOf, refusalOf } from '../../support/verifying.js';

const google = new GoogleKeys();

afterEach(closeKeyServers);

const keySetAt = (url: string, timeoutMs = 10_000) => new KeySet(jwksConfig({ url, timeoutMs }, {}) as JwksConfig);

const send = (response: ServerResponse, body: string) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);

describe('KeySet over HTTP', () => {
  it('reads the keys that the server publishes', async () => {
    const { url, requests } = await startKeyServer((_, response) => send(response, JSON.stringify(google.keySet)));

    expect((await keySetAt(url).keys()).ed25519).toHaveLength(3);
    expect(requests.map(({ method, url: path, headers }) => [method, path, headers.accept])).toEqual([
      ['GET', '/jwks.json', 'application/json'],
    ]);
  });

  it('accepts a key set just below the size limit', async () => {
    const padded = JSON.stringify({ ...google.keySet, padding: '' });
    const body = padded.replace('"padding":""', `"padding":"${'x'.repeat(256 * 1024 - padded.length)}"`);
    const { url } = await startKeyServer((_, response) => send(response, body));

    expect((await keySetAt(url).keys()).ed25519).toHaveLength(3);
    expect(Buffer.byteLength(body)).toBe(256 * 1024);
  });

  it('closes the connection on an endless body', async () => {
    let hungUp: Promise<unknown> | undefined;
    const { url } = await startKeyServer((_, response) => {
      hungUp = once(response, 'close');
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(16_384)));
      };
      response.writeHead(200).on('drain', more);
      more();
    });

    const error = await refusalOf(() => keySetAt(url).keys());
    await hungUp;

    expect(error.code).toBe('keys_unavailable');
    expect((error.cause as Error).message).toContain('larger than');
  });

  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['sends only headers', (_, response) => void response.writeHead(200).flushHeaders()],
    ['stops in the middle', (_, response) => void response.writeHead(200).write('{"keys":[')],
  ])('times out on a server that %s', async (_, listener) => {
    const { url } = await startKeyServer(listener);

    const error = await refusalOf(() => keySetAt(url, 50).keys());

    expect(error.code).toBe('keys_unavailable');
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
  });

  it.each([301, 302, 303, 307, 308])(
    'follows no redirect (%i): only the configured address has keys',
    async (status) => {
      const elsewhere = await startKeyServer((_, response) => send(response, JSON.stringify(google.keySet)));
      const { url } = await startKeyServer(
        (_, response) => void response.writeHead(status, { location: elsewhere.url }).end(),
      );

      expect(await codeOf(() => keySetAt(url).keys())).toBe('keys_unavailable');
      expect(elsewhere.requests).toEqual([]);
    },
  );

  it.each([
    [204, undefined, 'the server of the key set returned 204'],
    [500, JSON.stringify(google.keySet), 'the server of the key set returned 500'],
    [200, '{}', 'the key set has no "keys"'],
    [200, '{"keys":[{"kty":"oct"}]}', 'the key set has no usable key'],
  ])('says what is wrong with the answer %i %s', async (status, body, reason) => {
    const { url } = await startKeyServer((_, response) => void response.writeHead(status).end(body));

    expect((await refusalOf(() => keySetAt(url).keys())).cause).toEqual(new Error(reason));
  });

  it.each(['RSA', 'EC'])('accepts a key set that has only keys for JWTs (%s)', async (kty) => {
    const keys = google.keySet.keys.filter((key) => key['kty'] === kty);
    const { url } = await startKeyServer((_, response) => send(response, JSON.stringify({ keys })));

    expect(await keySetAt(url).keys()).toMatchObject({ ed25519: [] });
  });

  it('throws keys_unavailable if no server listens', async () => {
    const { url } = await startKeyServer(() => undefined);
    await closeKeyServers();

    expect(await codeOf(() => keySetAt(url).keys())).toBe('keys_unavailable');
  });
});
