import { Command, Option } from 'commander';
import { CLAIMS_DIALECTS, claimsTableSql, type GeminiClaimsDialect } from '../claims/claims-table.js';
import type { CommandHost } from './command-host.js';

/** `sql`: prints the table for `context.claim`. */
export function sqlCommand(host: CommandHost): Command {
  return new Command('sql')
    .description('print the SQL of the table that context.claim(tx) uses, for a migration')
    .addOption(
      new Option('--dialect <dialect>', 'database of the app').choices([...CLAIMS_DIALECTS]).makeOptionMandatory(),
    )
    .addHelpText('after', HELP)
    .action(({ dialect }: { readonly dialect: GeminiClaimsDialect }) => host.print(claimsTableSql(dialect).trimEnd()));
}

const HELP = `
MariaDB takes mysql. The SQL is safe to run again.

Example:
  $ npx nestjs-gemini-webhooks sql --dialect postgres | psql "$DATABASE_URL"`;
