import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { Subject, type Observable } from 'rxjs';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { DATABASE, type Database } from './database.js';

const CHANNEL = 'sample_changes';
const RECONNECT_MS = 1_000;

/** What has changed. `everything`: some of it may have been missed. */
export type Change =
  | { readonly of: 'workflow' | 'delivery' | 'results'; readonly id: string }
  | { readonly of: 'faults' }
  | { readonly of: 'everything' };

/** Tells each process that listens what any process has changed, by LISTEN and NOTIFY on a connection of its own. */
@Injectable()
export class Changes implements OnApplicationShutdown {
  readonly #settings: SampleSettings;
  readonly #database: Database;
  readonly #changes = new Subject<Change>();
  readonly #logger = new Logger('Changes');
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  readonly changes$: Observable<Change> = this.#changes.asObservable();

  constructor(@Inject(sampleSettings.KEY) settings: SampleSettings, @Inject(DATABASE) database: Database) {
    this.#settings = settings;
    this.#database = database;
  }

  /** Resolves when it hears what changes. A connection that is lost is opened again. */
  async listen(): Promise<void> {
    const { databaseUrl, process } = this.#settings;
    const client = new Client({
      connectionString: databaseUrl,
      application_name: `sample ${process} listens`,
      keepAlive: true,
    });
    client.on('error', (error) => this.#logger.warn(`The connection that hears of changes fails: ${error.message}`));
    client.on('notification', ({ payload }) => this.#heard(payload));
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    client.once('end', () => this.#reconnect());
    this.#client = client;
    if (this.#isClosed) await client.end();
  }

  /** Tells all processes, this one too. What is a row tells of itself: see the migrations. */
  async tell(change: Change): Promise<void> {
    await this.#database.execute(sql`SELECT pg_notify(${CHANNEL}, ${JSON.stringify(change)})`);
  }

  #heard(payload: string | undefined): void {
    if (payload !== undefined) this.#changes.next(JSON.parse(payload) as Change);
  }

  #reconnect(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.listen().then(
        () => this.#changes.next({ of: 'everything' }),
        () => this.#reconnect(),
      );
    }, RECONNECT_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#changes.complete();
    await this.#client?.end();
  }
}
