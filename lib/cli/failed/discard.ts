import { Command } from 'commander';
import type { CommandHost } from '../command-host.js';
import { changeSelected, withSelection, type SelectionOptions } from './selected-events.js';

/** `failed discard`: completes failed events without running their handlers. */
export function failedDiscardCommand(host: CommandHost): Command {
  const command = new Command('discard').description('complete failed events without running their handlers');
  return withSelection(command, 'confirm --all')
    .addHelpText('after', EXAMPLES)
    .action((ids: string[], options: SelectionOptions) =>
      changeSelected(
        ids,
        options,
        {
          done: 'discarded',
          needsYes: true,
          one: (events, id) => events.discard(id),
          all: (events, selection) => events.discardAll(selection),
        },
        host,
      ),
    );
}

const EXAMPLES = `
A discarded event keeps its key, so that another delivery of it is a duplicate. A worker of the app completes it.

Examples:
  $ npx nestjs-gemini-webhooks failed discard e2cJqVbC0M3vB_3x7m7pT2Yb6fQhLr5nWJkD8sZaXoUg
  $ npx nestjs-gemini-webhooks failed discard --all --type batch.failed --before 3d --yes`;
