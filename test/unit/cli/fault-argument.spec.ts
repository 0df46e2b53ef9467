import { describe, expect, it } from '@jest/globals';
import { faultArgument } from '../../../lib/cli/fault-argument.js';

describe('faultArgument', () => {
  it.each([
    ['lose', { fault: 'lose' }],
    ['lose:kind=batch,times=1', { fault: 'lose', kind: 'batch', times: 1 }],
    ['delay:delayMs=5000', { fault: 'delay', delayMs: 5000 }],
    ['end:end=failed,kind=video', { fault: 'end', end: 'failed', kind: 'video' }],
    ['stale:job=models/m/operations/a=b', { fault: 'stale', job: 'models/m/operations/a=b' }],
    [
      'api_error:status=503,operation=batches.get,retryAfterSeconds=5,afterEffect',
      { fault: 'api_error', status: 503, operation: 'batches.get', retryAfterSeconds: 5, afterEffect: true },
    ],
  ])('reads %s', (text, fault) => {
    expect(faultArgument(text)).toEqual(fault);
  });

  it.each([
    ['', ['""', 'lose', 'duplicate']],
    ['explode', ['explode', 'lose', 'duplicate']],
    ['lose:', ['""', 'kind', 'times']],
    ['lose:colour=red', ['colour', 'kind', 'times']],
    ['lose:toString=1', ['toString', 'kind', 'times']],
  ])('refuses %j and names the allowed values', (text, names) => {
    const isMessage = { message: expect.stringMatching(names.join('.*')) };

    expect(() => faultArgument(text)).toThrow(
      expect.objectContaining({ code: 'commander.invalidArgument', ...isMessage }) as unknown as Error,
    );
  });
});
