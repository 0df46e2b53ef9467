import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { withInstance } from '../../../lib/cli/webhooks/secret-store.js';

describe('--instance', () => {
  it.each([
    [[], 'default'],
    [['--instance', 'tenant-b'], 'tenant-b'],
    [['--registration', 'tenant-b'], 'tenant-b'],
  ])('names the module instance, also by its old name: %j', (args, instance) => {
    const command = withInstance(new Command());

    command.parse(args, { from: 'user' });

    expect(command.opts()).toMatchObject({ instance });
  });

  it('is the only name that the help shows', () => {
    expect(withInstance(new Command()).helpInformation()).not.toContain('--registration');
  });
});
