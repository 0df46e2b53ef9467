import { Command } from 'commander';
import type { CommandHost } from './command-host.js';
import { failedDiscardCommand } from './failed/discard.js';
import { failedListCommand } from './failed/list.js';
import { failedReplayCommand } from './failed/replay.js';
import { failedShowCommand } from './failed/show.js';

/** `failed`: lists, shows, replays and discards the failed events of a durable inbox. */
export function failedCommand(host: CommandHost): Command {
  const failed = new Command('failed')
    .description('list, show, replay and discard the failed events of a durable inbox')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  for (const command of [failedListCommand, failedShowCommand, failedReplayCommand, failedDiscardCommand])
    failed.addCommand(command(host));
  return failed;
}

const EXAMPLES = `
The store is that of the inbox: set GEMINI_WEBHOOK_INBOX_URL, because other users of the machine can read a password in --url.
It needs the packages that the inbox uses: bullmq with ioredis or pg.

Examples:
  $ npx nestjs-gemini-webhooks failed list --after 2h
  $ npx nestjs-gemini-webhooks failed replay --all --type batch.succeeded`;
