import { describe, expect, it } from '@jest/globals';
import { bullmqInbox, bullmqSecretStore } from '../../../lib/bullmq/index.js';
import {
  fileSecretStore,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type InboxHost,
} from '../../../lib/index.js';
import { GeminiSimulator, signGeminiDelivery } from '../../../lib/testing/index.js';

type Call = (given: never) => unknown;

const event = { type: 'batch.succeeded' };
const secret = 'whsec_c2VjcmV0';
const HOST: InboxHost = {
  registration: 'default',
  toleranceSeconds: 300,
  handlers: () => [],
  dispatch: async () => ({ retryable: [], final: [] }),
  announce: () => undefined,
};
const useFactory = () => ({});
const decorate: Call = (options) =>
  OnGeminiEvent('*', options)({ constructor: class Orders {} }, 'publish', { value: () => undefined });

/** Calls with a value that their types forbid: plain JavaScript, and `as any`, can pass it. */
const CALLS: Readonly<Record<string, { readonly code: string; readonly call: Call; readonly names: string }>> = {
  'forRoot(…)': { code: 'invalid_option', call: (given) => GeminiWebhooksModule.forRoot(given), names: 'forRoot' },
  'forRootAsync(…)': {
    code: 'invalid_option',
    call: (given) => GeminiWebhooksModule.forRootAsync(given),
    names: 'useFactory',
  },
  'inlineInbox(…)': { code: 'invalid_option', call: (given) => inlineInbox(given), names: 'inlineInbox' },
  'bullmqInbox(…)': { code: 'invalid_option', call: (given) => bullmqInbox(given)(HOST), names: 'bullmqInbox' },
  'bullmqSecretStore(…)': {
    code: 'invalid_option',
    call: (given) => bullmqSecretStore(given),
    names: 'bullmqSecretStore',
  },
  '@OnGeminiEvent(*, …)': { code: 'invalid_handler', call: decorate, names: 'Orders.publish' },
  'GeminiSimulator.start(…)': {
    code: 'invalid_argument',
    call: (given) => GeminiSimulator.start(given),
    names: 'GeminiSimulator',
  },
  'GeminiSimulator.start({ durations: … })': {
    code: 'invalid_argument',
    call: (durations) => GeminiSimulator.start({ durations }),
    names: 'durations',
  },
  'signGeminiDelivery(…)': { code: 'invalid_argument', call: (given) => signGeminiDelivery(given), names: 'secret' },
};

async function refusal(call: Call, given: unknown): Promise<unknown> {
  try {
    return await call(given as never);
  } catch (error) {
    return error;
  }
}

describe('a call without an object for its options', () => {
  const cases = Object.entries(CALLS).flatMap(([what, one]) =>
    [null, [], 'text', 7].map((given) => ({ what, given, ...one })),
  );

  it.each(cases)('is refused by the module itself: $what with $given', async ({ call, given, code, names }) => {
    expect(await refusal(call, given)).toMatchObject({
      name: 'GeminiWebhooksError',
      code,
      message: expect.stringContaining(names),
    });
  });

  it('is refused if forRootAsync gets nothing', async () => {
    expect(await refusal(GeminiWebhooksModule.forRootAsync, undefined)).toMatchObject({ code: 'invalid_option' });
  });

  it.each([
    ['imports', null],
    ['imports', 7],
    ['inject', 'text'],
    ['useFactory', 'text'],
  ])('is refused for forRootAsync with %s: %j', async (option, given) => {
    const call: Call = (wrong) => GeminiWebhooksModule.forRootAsync({ useFactory, [option]: wrong });

    expect(await refusal(call, given)).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(`forRootAsync: ${option}`),
    });
  });

  it.each([null, [], 7, ''])('is refused for fileSecretStore(%j)', async (given) => {
    expect(await refusal(fileSecretStore as Call, given)).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('path'),
    });
  });

  it('is refused for a fault of the simulator', async () => {
    const gemini = await GeminiSimulator.start();
    const found = await refusal((fault) => gemini.inject(fault), null);
    await gemini.close();

    expect(found).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('inject') });
  });

  it.each([
    ['event', { secret }],
    ['event', { secret, event: null }],
    ['event', { secret, event: [] }],
    ['secret', { event, secret: null }],
    ['secret', { event, secret: [] }],
    ['timestamp', { event, secret, timestamp: 1 }],
    ['timestamp', { event, secret, timestamp: new Date(Number.NaN) }],
    ['privateKey', { event }],
    ['privateKey', { event, privateKey: null }],
    ['privateKey', { event, privateKey: 'no PEM' }],
    ['privateKey', { event, privateKey: { kty: 'none' } }],
  ])('is refused by signGeminiDelivery with the name of the field: %s in %j', async (field, options) => {
    expect(await refusal(signGeminiDelivery as Call, options)).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(`signGeminiDelivery: ${field}`),
    });
  });
});
