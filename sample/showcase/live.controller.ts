import { Controller, Logger, Sse, type MessageEvent } from '@nestjs/common';
import {
  catchError,
  concat,
  concatMap,
  EMPTY,
  finalize,
  from,
  groupBy,
  map,
  merge,
  mergeMap,
  of,
  ReplaySubject,
  share,
  skip,
  throttleTime,
  timer,
  type Observable,
} from 'rxjs';
import { Faults } from './faults.js';
import type { LiveMessages, LiveState } from './page-api.js';
import { Runs, type Change } from './runs.js';

const THROTTLE_MS = 150;
/** Keeps proxies from closing an idle connection. */
const HEARTBEAT_MS = 20_000;
/** Messages kept while the state is read. */
const MAX_WAITING = 100;

type LiveMessage = {
  [Name in keyof LiveMessages]: { readonly type: Name; readonly data: LiveMessages[Name] };
}[keyof LiveMessages];

@Controller('api/live')
export class LiveController {
  private readonly logger = new Logger('Live');
  /** Shared by all open pages. Each run is sent at most once per `THROTTLE_MS`, in its latest state. */
  private readonly messages$: Observable<LiveMessage>;

  constructor(
    private readonly runs: Runs,
    private readonly faults: Faults,
  ) {
    const changes$ = runs.changes$.pipe(
      groupBy((change) => (change === 'deliveries' ? change : change.run)),
      mergeMap((group) => group.pipe(throttleTime(THROTTLE_MS, undefined, { leading: true, trailing: true }))),
      concatMap((change) => from(this.messageOf(change)).pipe(catchError((error: Error) => this.ignore(error)))),
      concatMap((message) => (message ? of(message) : EMPTY)),
    );
    const faults$ = faults.current$.pipe(
      skip(1),
      map((name) => ({ type: 'fault', data: { name } }) as const),
    );
    this.messages$ = merge(changes$, faults$).pipe(share());
  }

  /** Sends the whole state, then what changes. After a reconnect it starts with the state again. */
  @Sse()
  live(): Observable<MessageEvent> {
    const waiting$ = new ReplaySubject<LiveMessage>(MAX_WAITING);
    const subscription = this.messages$.subscribe(waiting$);
    const state$ = from(this.state()).pipe(map((data) => ({ type: 'state', data })));
    const heartbeat$ = timer(HEARTBEAT_MS, HEARTBEAT_MS).pipe(map(() => ({ comment: 'heartbeat' }) as MessageEvent));
    const messages$ = concat(of({ retry: 1_000 } as MessageEvent), state$, waiting$ as Observable<MessageEvent>);
    return merge(messages$, heartbeat$).pipe(finalize(() => subscription.unsubscribe()));
  }

  private async state(): Promise<LiveState> {
    const [runs, deliveries] = await Promise.all([this.runs.newest(), this.runs.deliveries()]);
    return { runs, deliveries, fault: this.faults.current$.value, isSimulated: this.faults.isSimulated };
  }

  private async messageOf(change: Change): Promise<LiveMessage | undefined> {
    if (change === 'deliveries') return { type: 'deliveries', data: await this.runs.deliveries() };
    const data = await this.runs.get(change.run);
    return data && { type: 'run', data };
  }

  private ignore({ message }: Error): Observable<never> {
    this.logger.warn(`The page was not updated: ${message}`);
    return EMPTY;
  }
}
