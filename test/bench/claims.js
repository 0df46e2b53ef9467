import { randomBytes, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { claimsTableSql } from '../../dist/index.js';
import { HandlerClaims } from '../../build/claims/handler-claims.js';
import { median, QUICK, race, ratioRow, speedRatio } from './harness.js';

const POSTGRES =
  process.env.TEST_POSTGRES_URL ?? process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const TABLE = 'gemini_webhook_claims';
const CLAIMS = 100;

const client = new Client({ connectionString: POSTGRES });
await client.connect();
const schema = `bench_${randomUUID().replaceAll('-', '')}`;
await client.query(`CREATE SCHEMA ${schema}`);
await client.query(`SET search_path TO ${schema}`);
await client.query(claimsTableSql('postgres'));

const claim = () =>
  new HandlerClaims({
    registration: 'default',
    handler: 'Orders.publish',
    eventKey: randomUUID(),
    generation: 0,
  }).claim(client, {});
/** What an app without `claim` would write. */
const conflicting = () =>
  client.query(`INSERT INTO ${TABLE} (claim) VALUES ($1) ON CONFLICT DO NOTHING RETURNING claim`, [newId()]);
const bare = () => client.query(`INSERT INTO ${TABLE} (claim) VALUES ($1)`, [newId()]);

/** One after the other in a transaction, whose begin and end are not measured. */
function inTransaction(run) {
  return async () => {
    await client.query('BEGIN');
    const start = process.hrtime.bigint();
    for (let call = 0; call < CLAIMS; call += 1) await run();
    const nanoseconds = Number(process.hrtime.bigint() - start);
    await client.query('ROLLBACK');
    return nanoseconds;
  };
}

try {
  const contenders = {
    claim: inTransaction(claim),
    conflicting: inTransaction(conflicting),
    bare: inTransaction(bare),
  };
  const costs = await race(contenders, QUICK ? { rounds: 15, warmUp: 5 } : { rounds: 120, warmUp: 40 });
  for (const [name, values] of Object.entries(costs)) {
    process.stderr.write(`  ${name}: ${(median(values) / CLAIMS / 1_000).toFixed(0)} µs\n`);
  }
  const what = 'claim in a PostgreSQL transaction';
  process.send([
    ratioRow(what, 'INSERT … ON CONFLICT DO NOTHING RETURNING by pg', speedRatio(costs, 'claim', 'conflicting')),
    ratioRow(what, 'INSERT by pg', speedRatio(costs, 'claim', 'bare')),
  ]);
} finally {
  await client.query(`DROP SCHEMA ${schema} CASCADE`);
  await client.end();
}

function newId() {
  return randomBytes(32).toString('hex');
}
