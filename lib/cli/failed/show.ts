import { Command } from 'commander';
import { eventIdAdvice } from '../../bullmq/store/delivery-job.js';
import type { CommandHost } from '../command-host.js';
import { failedDetails, failedDetailsJson } from './event-text.js';
import { withFailedEvents, withStore, type StoreOptions } from './store.js';

interface ShowOptions extends StoreOptions {
  readonly json?: true;
}

/** `failed show`: shows all of one failed event. */
export function failedShowCommand(host: CommandHost): Command {
  const command = new Command('show')
    .description('show a failed event with its data, its handlers and their results')
    .argument('<id>', 'id of the event, as list shows it');
  return withStore(command)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: ShowOptions) => show(id, options, host));
}

async function show(id: string, options: ShowOptions, host: CommandHost): Promise<void> {
  const { event, queueName } = await withFailedEvents(options, host, async (store) => ({
    event: await store.events.get(id),
    queueName: store.queueName,
  }));
  if (!event) throw new Error(`The queue ${queueName} has no failed event ${JSON.stringify(id)}.${eventIdAdvice(id)}`);
  host.print(options.json ? JSON.stringify(failedDetailsJson(event), undefined, 2) : failedDetails(event));
}

const EXAMPLES = `
Shows the payload as handlers receive it. Secrets, signatures and binding tokens are not stored.

Example:
  $ npx nestjs-gemini-webhooks failed show e2cJqVbC0M3vB_3x7m7pT2Yb6fQhLr5nWJkD8sZaXoUg`;
