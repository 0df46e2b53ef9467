import { Controller, Sse, type MessageEvent } from '@nestjs/common';
import { map, merge, Observable, timer } from 'rxjs';
import { LiveHub, type LiveMessage } from './live-hub.js';

/** Shows a connection that is gone for what it is, and keeps proxies from ending one that is not. */
const HEARTBEAT_MS = 20_000;
const RECONNECT_MS = 1_000;

@Controller('api/live')
export class LiveController {
  readonly #hub: LiveHub;

  constructor(hub: LiveHub) {
    this.#hub = hub;
  }

  /** The whole state, and then what changes. A page that reconnects begins with the state again. */
  @Sse()
  live(): Observable<MessageEvent> {
    return new Observable<MessageEvent>((page) => {
      page.next({ retry: RECONNECT_MS } as MessageEvent);
      const heartbeat = timer(HEARTBEAT_MS, HEARTBEAT_MS).pipe(map(() => ({ comment: 'here' }) as MessageEvent));
      return merge(this.#messages(), heartbeat).subscribe(page);
    });
  }

  /** What changes while the state is read comes after it. */
  #messages(): Observable<LiveMessage> {
    return new Observable<LiveMessage>((page) => {
      let held: LiveMessage[] | undefined = [];
      const subscription = this.#hub.messages$.subscribe({
        next: (message) => (held ? held.push(message) : page.next(message)),
        complete: () => page.complete(),
      });
      this.#hub.state().then(
        (data) => {
          page.next({ type: 'state', data });
          for (const message of held ?? []) page.next(message);
          held = undefined;
        },
        (error: unknown) => page.error(error),
      );
      return subscription;
    });
  }
}
