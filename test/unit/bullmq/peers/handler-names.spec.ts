import { describe, expect, it } from '@jest/globals';
import { checkHandlerNames } from '../../../../lib/bullmq/peers/handler-names.js';

describe('checkHandlerNames', () => {
  it('throws for a class without a name and says what to do', () => {
    const check = () => checkHandlerNames([{ name: 'Orders.publish' }, { name: '.run' }]);

    expect(check).toThrow(/The class of run has no name.*Name the class, or the handler/);
  });

  it.each(['orders\0publish', 'orders\uD800'])('throws for a name that PostgreSQL cannot store: %j', (name) => {
    expect(() => checkHandlerNames([{ name }])).toThrow(expect.objectContaining({ code: 'invalid_handler' }));
  });

  it('accepts short names from a minifier', () => {
    expect(() => checkHandlerNames([{ name: 'a.run' }, { name: 'orders' }])).not.toThrow();
  });
});
