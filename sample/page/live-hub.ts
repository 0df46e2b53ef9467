import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { desc, eq } from 'drizzle-orm';
import { GeminiEventBus, type GeminiEvent } from 'nestjs-gemini-webhooks';
import { Subject, type Observable, type Subscription } from 'rxjs';
import { Changes, type Change } from '../database/changes.js';
import { DATABASE, type Database } from '../database/database.js';
import { deliveries } from '../database/schema.js';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { workflowOf } from '../workflows/step-events.js';
import { Faults } from './faults.js';
import { LatestResults } from './latest-results.js';
import type { DeliveryView, LiveMessages, LiveState } from './page-api.js';
import { Throttle } from './throttle.js';
import { WorkflowViews } from './workflow-views.js';

const DELIVERIES_SHOWN = 50;
const THROTTLE_MS = 150;

/** A message of `GET /api/live`. */
export type LiveMessage = {
  [Name in keyof LiveMessages]: { readonly type: Name; readonly data: LiveMessages[Name] };
}[keyof LiveMessages];

/** What the open pages are told, made once for all of them. */
@Injectable()
export class LiveHub implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #bus: GeminiEventBus;
  readonly #views: WorkflowViews;
  readonly #results: LatestResults;
  readonly #faults: Faults;
  readonly #process: string;
  readonly #messages = new Subject<LiveMessage>();
  readonly #subscriptions: Subscription[] = [];
  readonly #throttle = new Throttle(THROTTLE_MS);

  /** Ends when the app does. */
  readonly messages$: Observable<LiveMessage> = this.#messages.asObservable();

  constructor(
    @Inject(DATABASE) database: Database,
    changes: Changes,
    bus: GeminiEventBus,
    views: WorkflowViews,
    results: LatestResults,
    faults: Faults,
    @Inject(sampleSettings.KEY) { process }: SampleSettings,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#bus = bus;
    this.#views = views;
    this.#results = results;
    this.#faults = faults;
    this.#process = process;
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#subscriptions.push(
      this.#changes.changes$.subscribe((change) => this.#changed(change)),
      this.#bus.events$.subscribe((event) => this.#tell({ type: 'event', data: eventOf(event) })),
    );
    await this.#changes.listen();
  }

  /** All that a page shows. */
  async state(): Promise<LiveState> {
    const [workflows, rows, faults] = await Promise.all([
      this.#views.all(),
      this.#database.select().from(deliveries).orderBy(desc(deliveries.id)).limit(DELIVERIES_SHOWN),
      this.#faults.list(),
    ]);
    return { workflows, deliveries: rows.map(deliveryOf), faults, process: this.#process };
  }

  #changed(change: Change): void {
    // Nobody looks: a page that is opened gets the whole state first.
    if (!this.#messages.observed) return;
    const id = 'id' in change ? change.id : '';
    this.#throttle.run(`${change.of} ${id}`, async () => {
      for (const message of await this.#messagesOf(change)) this.#tell(message);
    });
  }

  async #messagesOf(change: Change): Promise<LiveMessage[]> {
    switch (change.of) {
      case 'workflow': {
        const data = await this.#views.one(change.id);
        return data ? [{ type: 'workflow', data }] : [];
      }
      case 'delivery': {
        const rows = await this.#database
          .select()
          .from(deliveries)
          .where(eq(deliveries.id, Number(change.id)));
        return rows.map((row) => ({ type: 'delivery', data: deliveryOf(row) }));
      }
      case 'results': {
        const rows = await this.#results.next(change.id);
        return rows.length > 0 ? [{ type: 'results', data: { workflow: change.id, rows } }] : [];
      }
      case 'faults': {
        const data = await this.#faults.list();
        return data ? [{ type: 'faults', data }] : [];
      }
      case 'everything':
        return [{ type: 'state', data: await this.state() }];
    }
  }

  #tell(message: LiveMessage): void {
    this.#messages.next(message);
  }

  onModuleDestroy(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#throttle.close();
    this.#messages.complete();
  }
}

function deliveryOf({ id, at, deliveryId: _id, eventKey: _key, ...row }: typeof deliveries.$inferSelect): DeliveryView {
  return { id, at: at.toISOString(), ...row };
}

function eventOf(event: GeminiEvent): LiveMessages['event'] {
  const { strategy } = event.delivery;
  // The bus does not say by which of Google's signatures it came: the delivery does, a moment later.
  const scheme = strategy === 'reconciled' ? 'reconciled' : strategy === 'hmac' ? 'v1' : null;
  return { type: event.type, workflow: workflowOf(event) ?? null, scheme };
}
