import { beforeAll, describe, expect, it } from '@jest/globals';
import { Host } from './host.js';

describe('an app with decorators of MikroORM, typescript-retry-decorator and cockatiel', () => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.install('hosted');
  });

  it('runs each handler with its decorator, above and below @OnGeminiEvent', async () => {
    const retried = ['batch.succeeded, attempt 1', 'batch.succeeded, attempt 1'];

    expect(await host.program('tsconfig.json', 'decorated-main')).toEqual({
      status: 200,
      runs: {
        'CreateRequestContext above': ['in a request context'],
        'CreateRequestContext below': ['in a request context'],
        'EnsureRequestContext above': ['in a request context'],
        'EnsureRequestContext below': ['in a request context'],
        'Transactional above': ['in a transaction'],
        'Transactional below': ['in a transaction'],
        'Retryable above': retried,
        'Retryable below': retried,
        'usePolicy above': retried,
        'usePolicy below': retried,
      },
      statements: ['begin', 'begin', 'commit', 'commit'],
    });
  });
});
