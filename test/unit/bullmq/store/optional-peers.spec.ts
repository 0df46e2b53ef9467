import { beforeEach, describe, expect, it, jest } from '@jest/globals';

type OptionalPeers = typeof import('../../../../lib/bullmq/store/optional-peers.js');

const LOADERS = [
  { peer: 'bullmq', loader: 'loadBullmq', command: 'npm install bullmq ioredis' },
  { peer: 'ioredis', loader: 'loadRedisDriver', command: 'npm install bullmq ioredis' },
  { peer: 'pg', loader: 'loadPostgresDriver', command: 'npm install bullmq pg' },
] as const;

/** Imports the loaders in a process where importing the peer fails this way. */
async function loadersWhere(peer: string, failure: Error): Promise<OptionalPeers> {
  jest.unstable_mockModule(peer, () => {
    throw failure;
  });
  return import('../../../../lib/bullmq/store/optional-peers.js');
}

describe.each(LOADERS)('$peer', ({ peer, loader, command }) => {
  beforeEach(() => {
    jest.resetModules();
  });

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])(
    'is named in the error when it is not installed: %s',
    async (code) => {
      const failure = Object.assign(new Error(`Cannot find package '${peer}'`), { code });
      const peers = await loadersWhere(peer, failure);

      await expect(peers[loader]()).rejects.toMatchObject({
        code: 'invalid_option',
        message: `bullmqInbox needs "${peer}", which is not installed: ${command}`,
        cause: failure,
      });
    },
  );

  it('fails with its own error if it is installed but broken', async () => {
    const failure = new Error('wrong version of Node');
    const peers = await loadersWhere(peer, failure);

    await expect(peers[loader]()).rejects.toBe(failure);
  });
});
