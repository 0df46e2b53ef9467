import { afterEach, describe, expect, it, jest } from '@jest/globals';

afterEach(() => {
  jest.restoreAllMocks();
  jest.resetModules();
});

/** Loads the file again while the package fails to load. @returns what was loaded, and what was logged */
async function loadWhileThrowing(error: Error) {
  jest.unstable_mockModule('@opentelemetry/api', () => {
    throw error;
  });
  const { Logger } = await import('@nestjs/common');
  const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  const { loadOpenTelemetryApi } = await import('../../../lib/telemetry/optional-api.js');
  return { loaded: await loadOpenTelemetryApi(), logged: warn.mock.calls };
}

describe('@opentelemetry/api', () => {
  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('may be absent, without a word: %s', async (code) => {
    const error = Object.assign(new Error('not found'), { code });

    expect(await loadWhileThrowing(error)).toEqual({ loaded: undefined, logged: [] });
  });

  it('may be broken, which is logged and does not stop the app', async () => {
    expect(await loadWhileThrowing(new SyntaxError('unexpected token'))).toEqual({
      loaded: undefined,
      logged: [[expect.stringContaining('unexpected token')]],
    });
  });
});
