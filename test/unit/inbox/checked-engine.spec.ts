import { describe, expect, it } from '@jest/globals';
import { checkedEngine } from '../../../lib/inbox/checked-engine.js';

const accept = async () => ({ status: 'accepted', httpStatus: 202 }) as const;
const close = async () => undefined;

describe('the inbox of an app', () => {
  it('is accepted with the two methods that every inbox has', () => {
    const engine = { accept, close };

    expect(checkedEngine(engine)).toBe(engine);
  });

  it.each([
    [() => ({ accept, close }), 'a function'],
    [{ accept }, 'an inbox without close'],
    [{ close }, 'an inbox without accept'],
    [{}, 'an inbox without accept and close'],
    [undefined, 'an inbox without accept and close'],
    [null, 'an inbox without accept and close'],
    [{ accept: true, close }, 'an inbox without accept'],
  ])('is refused at start-up: %p', (engine, what) => {
    expect(() => checkedEngine(engine)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: `GeminiWebhooksModule: inbox: returned ${what}. Give inlineInbox() or bullmqInbox(), called, or a factory that returns an InboxEngine.`,
      }) as unknown as Error,
    );
  });
});
