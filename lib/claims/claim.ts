import { createHash, randomBytes } from 'node:crypto';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { CLAIMS_TABLE } from './claims-table.js';
import { returnedRows } from './database-client.js';
import { recogniseClient, type KnownClient } from './recognise-client.js';

/** What a claim stands for: one handler's effect of one event. */
export interface ClaimSubject {
  readonly registration: string;
  readonly handler: string;
  /** Key of the event, the same for every delivery of it. */
  readonly eventKey: string;
  /** Number of replays "from the start" so far: such a replay asks for the effect again. */
  readonly generation: number;
  /** Name of the transaction, if the handler has several. */
  readonly step: string;
}

/** Returns the primary key of a claim: 64 hex digits, so that it needs neither quoting nor a parameter. */
export function claimId({ registration, handler, eventKey, generation, step }: ClaimSubject): string {
  return createHash('sha256')
    .update(JSON.stringify([registration, handler, step, eventKey, generation]))
    .digest('hex');
}

/**
 * Inserts a claim within the caller's transaction. Waits while another transaction holds the same claim.
 *
 * @returns true if the claim is new, false if it was committed before
 * @throws GeminiWebhooksError `invalid_argument` if `tx` is no transaction; otherwise the database's error
 */
export async function insertClaim(id: string, tx: unknown, dialect?: unknown): Promise<boolean> {
  const client = transactionOf(tx, dialect);
  try {
    if (client.dialect !== 'mysql') return returnedRows(client, await client.query(insertReturning(id))).length > 0;
    return await insertIntoMysql(id, client);
  } catch (error) {
    throw explained(error);
  }
}

/**
 * `insertClaim` for databases whose transactions are synchronous.
 *
 * @throws GeminiWebhooksError `invalid_argument` if `tx` is no transaction, or an asynchronous one
 */
export function insertClaimSync(id: string, tx: unknown, dialect?: unknown): boolean {
  const client = transactionOf(tx, dialect);
  if (!client.isSync) {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `claimSync is for transactions that end before a promise could: ${client.name} needs \`await context.claim(tx)\`.`,
    );
  }
  try {
    return returnedRows(client, client.query(insertReturning(id))).length > 0;
  } catch (error) {
    throw explained(error);
  }
}

function transactionOf(tx: unknown, dialect: unknown): KnownClient {
  const client = recogniseClient(tx, dialect);
  if (client.isTransaction !== false) return client;
  throw outsideOfTransaction(client);
}

function outsideOfTransaction({ name }: KnownClient): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'invalid_argument',
    `claim needs the transaction in which the handler's effect happens, but ${name} was given outside of one: ` +
      'the claim would be committed even if the effect is rolled back.',
  );
}

/** MySQL's count of affected rows depends on the connection's flags, so the row itself has to tell. */
async function insertIntoMysql(id: string, client: KnownClient): Promise<boolean> {
  const run = randomBytes(16).toString('hex');
  const own = `claim = '${id}' AND run = '${run}'`;
  const inserted = await client.query(`INSERT IGNORE INTO ${CLAIMS_TABLE} (claim, run) VALUES ('${id}', '${run}')`);
  if (client.ranInTransaction?.(inserted) === false) {
    await client.query(`DELETE FROM ${CLAIMS_TABLE} WHERE ${own}`);
    throw outsideOfTransaction(client);
  }
  return returnedRows(client, await client.query(`SELECT claim FROM ${CLAIMS_TABLE} WHERE ${own}`)).length > 0;
}

/** PostgreSQL and SQLite 3.35 or later. */
function insertReturning(id: string): string {
  return `INSERT INTO ${CLAIMS_TABLE} (claim) VALUES ('${id}') ON CONFLICT DO NOTHING RETURNING claim`;
}

const NO_TABLE = new RegExp(`no such table|does ?n[o']t exist|not exist`, 'i');

/** Errors of the database pass unchanged, since callers read their codes. Only a missing table needs an explanation. */
export function explained(error: unknown): unknown {
  const message = withCauses(error);
  if (!message.includes(CLAIMS_TABLE) || !NO_TABLE.test(message)) return error;
  return new GeminiWebhooksError(
    'invalid_argument',
    `The table ${CLAIMS_TABLE} does not exist. Create it in a migration: \`npx nestjs-gemini-webhooks sql --dialect <dialect>\` prints it.`,
    { cause: error },
  );
}

const MAX_CAUSES = 5;

/** Some clients say only in the cause what the database reported. */
function withCauses(error: unknown): string {
  const messages: string[] = [];
  for (let one = error; one !== undefined && messages.length < MAX_CAUSES;) {
    messages.push(messageOf(one));
    one = one instanceof Error ? one.cause : undefined;
  }
  return messages.join('; ');
}
