import { Command, Option } from 'commander';
import type { CommandHost } from '../command-host.js';
import { changeSelected, withSelection, type SelectionOptions } from './selected-events.js';

interface ReplayOptions extends SelectionOptions {
  readonly from: 'failed' | 'start';
}

/** `failed replay`: queues failed events again. */
export function failedReplayCommand(host: CommandHost): Command {
  const command = new Command('replay').description('queue failed events again, with all their attempts');
  return withSelection(command, 'confirm --all without a filter')
    .addOption(
      new Option('--from <where>', 'failed runs the handlers that have not succeeded, start runs all of them')
        .choices(['failed', 'start'])
        .default('failed'),
    )
    .addHelpText('after', EXAMPLES)
    .action((ids: string[], options: ReplayOptions) => {
      const { from } = options;
      return changeSelected(
        ids,
        options,
        {
          done: 'replayed',
          needsYes: false,
          one: (events, id) => events.replay(id, { from }),
          all: (events, selection) => events.replayAll({ ...selection, from }),
        },
        host,
      );
    });
}

const EXAMPLES = `
The workers of the app run the handlers: this command only queues the events. After an interruption, repeat it for the
remaining events.

Examples:
  $ npx nestjs-gemini-webhooks failed replay e2cJqVbC0M3vB_3x7m7pT2Yb6fQhLr5nWJkD8sZaXoUg
  $ npx nestjs-gemini-webhooks failed replay --all --type batch.succeeded --after 2h
  $ npx nestjs-gemini-webhooks failed replay --all --yes --from start`;
