import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { Subject } from 'rxjs';
import type { DeliveryView, Details, FilmDetails, RunKind, RunStatus, RunView, TimelineEntry } from './page-api.js';
import { ShowcaseSettings } from './settings.js';

const SHOWN = 30;

const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS showcase;
  CREATE TABLE IF NOT EXISTS showcase.runs (
    id uuid PRIMARY KEY, kind text NOT NULL, title text NOT NULL, status text NOT NULL DEFAULT 'running', failure text,
    details jsonb NOT NULL, started_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz);
  CREATE TABLE IF NOT EXISTS showcase.timeline (
    id bigserial PRIMARY KEY, run uuid NOT NULL REFERENCES showcase.runs, at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL, text text NOT NULL, scheme text, handler text, duration_ms int, attempt int, event_key text UNIQUE);
  CREATE INDEX IF NOT EXISTS timeline_run ON showcase.timeline (run);
  CREATE TABLE IF NOT EXISTS showcase.deliveries (
    id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), outcome text NOT NULL, status int, code text,
    scheme text, event text, run uuid, fault text, event_key text UNIQUE);`;

const VIEW = `
  SELECT id, kind, title, status, failure, details, started_at AS "startedAt", ended_at AS "endedAt", coalesce((
    SELECT json_agg(json_build_object('id', t.id, 'at', t.at, 'kind', t.kind, 'text', t.text, 'scheme', t.scheme,
      'handler', t.handler, 'durationMs', t.duration_ms, 'attempt', t.attempt) ORDER BY t.id)
    FROM showcase.timeline t WHERE t.run = runs.id), '[]') AS timeline
  FROM showcase.runs`;

/** What the page has to show anew: a run by its id, or all deliveries. */
export type Change = { readonly run: string } | 'deliveries';

type NewEntry = Pick<TimelineEntry, 'kind' | 'text'> & Partial<TimelineEntry> & { readonly eventKey?: string };
type NewDelivery = Omit<DeliveryView, 'id' | 'at'> & { readonly eventKey: string | null };

/** The record of runs that the page shows. The workflows do not need it. */
@Injectable()
export class Runs implements OnModuleInit, OnApplicationShutdown {
  readonly changes$ = new Subject<Change>();
  readonly #pool: Pool;

  constructor({ databaseUrl }: ShowcaseSettings) {
    this.#pool = new Pool({ connectionString: databaseUrl, max: 6 });
    // An idle connection that breaks is replaced by the pool.
    this.#pool.on('error', () => undefined);
  }

  async onModuleInit(): Promise<void> {
    await this.#pool.query(SCHEMA);
  }

  async create<Kind extends RunKind>(kind: Kind, title: string, details: Details[Kind]): Promise<string> {
    const id = randomUUID();
    const values = [id, kind, title, JSON.stringify(details)];
    await this.#pool.query('INSERT INTO showcase.runs (id, kind, title, details) VALUES ($1, $2, $3, $4)', values);
    this.changes$.next({ run: id });
    return id;
  }

  /** Adds to the details. Keys that are given replace the stored ones. */
  async addDetails<Kind extends RunKind>(id: string, details: Partial<Details[Kind]>): Promise<void> {
    const sql = 'UPDATE showcase.runs SET details = details || $2 WHERE id = $1';
    await this.#change(id, sql, [JSON.stringify(details)]);
  }

  /** Changes a scene that is not done yet: a repeated event changes nothing. */
  async updateScene(id: string, index: number, scene: Partial<FilmDetails['scenes'][number]>): Promise<void> {
    const sql = `
      UPDATE showcase.runs SET details = jsonb_set(details, ARRAY['scenes', $2], (details #> ARRAY['scenes', $2]) || $3)
      WHERE id = $1 AND details #>> ARRAY['scenes', $2, 'status'] <> 'done'`;
    await this.#change(id, sql, [String(index), JSON.stringify(scene)]);
  }

  /** Changes the status of a run that has not ended. @returns false if it has, or if its status was not `from` */
  async setStatus(id: string, status: RunStatus, failure: string | null = null, from?: RunStatus): Promise<boolean> {
    const isEnd = status === 'succeeded' || status === 'failed';
    const sql = `
      UPDATE showcase.runs SET status = $2, failure = $3, ended_at = CASE WHEN $4 THEN now() END
      WHERE id = $1 AND ended_at IS NULL AND status = coalesce($5, status)`;
    return this.#change(id, sql, [status, failure, isEnd, from]);
  }

  /** Ignores an entry of a run that does not exist, and one whose key is recorded already. */
  async addEntry(run: string, { kind, text, eventKey, scheme, handler, durationMs, attempt }: NewEntry): Promise<void> {
    const sql = `
      INSERT INTO showcase.timeline (run, kind, text, event_key, scheme, handler, duration_ms, attempt)
      SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM showcase.runs WHERE id = $1 ON CONFLICT DO NOTHING`;
    await this.#change(run, sql, [kind, storable(text), eventKey, scheme, handler, durationMs, attempt]);
  }

  /** @returns the outcome that is recorded of the same event, if there is one already */
  async addDelivery(delivery: NewDelivery): Promise<DeliveryView['outcome'] | undefined> {
    const { outcome, status, code, scheme, event, run, fault, eventKey } = delivery;
    const sql = `
      INSERT INTO showcase.deliveries (outcome, status, code, scheme, event, run, fault, event_key)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`;
    const { rowCount } = await this.#pool.query(sql, [outcome, status, code, scheme, event, run, fault, eventKey]);
    this.changes$.next('deliveries');
    if (rowCount === 1) return undefined;
    const known = await this.#pool.query('SELECT outcome FROM showcase.deliveries WHERE event_key = $1', [eventKey]);
    return known.rows[0].outcome;
  }

  /** Newest first. */
  async newest(): Promise<RunView[]> {
    const { rows } = await this.#pool.query<RunView>(`${VIEW} ORDER BY started_at DESC LIMIT ${SHOWN}`);
    return rows;
  }

  async get(id: string): Promise<RunView | undefined> {
    const { rows } = await this.#pool.query<RunView>(`${VIEW} WHERE id = $1`, [id]);
    return rows[0];
  }

  async deliveries(): Promise<DeliveryView[]> {
    const columns = 'id::int, at, outcome, status, code, scheme, event, run, fault';
    const sql = `SELECT ${columns} FROM showcase.deliveries ORDER BY showcase.deliveries.id DESC LIMIT ${SHOWN}`;
    return (await this.#pool.query<DeliveryView>(sql)).rows;
  }

  async #change(id: string, sql: string, values: readonly unknown[]): Promise<boolean> {
    const { rowCount } = await this.#pool.query(sql, [id, ...values]);
    if (rowCount) this.changes$.next({ run: id });
    return rowCount === 1;
  }

  async onApplicationShutdown(): Promise<void> {
    this.changes$.complete();
    await this.#pool.end();
  }
}

/** PostgreSQL's text cannot hold NUL. */
function storable(text: string): string {
  return text.replaceAll('\0', '').slice(0, 500);
}
