import { GeminiEventBus, type GeminiEvent } from '../../lib/index.js';
import { deliverUntilTaken, handlerOf, startDurableApp, type TestQueue } from './durable.js';
import { drained } from './queues.js';
import { until } from './until.js';

/** An app and the ids of the events on its bus. */
export interface BusMember {
  readonly bus: GeminiEventBus;
  readonly origin: string;
  readonly heard: string[];
}

export function idOf({ data }: GeminiEvent): string {
  return (data as { id: string }).id;
}

/** Starts three apps that share a bus. */
export async function busFleet(queue: TestQueue, handler = handlerOf('one')): Promise<BusMember[]> {
  const apps = await Promise.all([1, 2, 3].map(() => startDurableApp(queue, [handler])));
  const members = apps.map(({ app, origin }) => {
    const bus = app.get(GeminiEventBus);
    const heard: string[] = [];
    bus.events$.subscribe((event) => void heard.push(idOf(event)));
    return { bus, origin, heard };
  });
  for (let probe = 0; !members.every(({ heard }) => heard.length > 0); probe += 1) {
    await deliverUntilTaken(members[0]!.origin, { id: `probe_${probe}` });
    await until(() => members.every(({ heard }) => heard.length > 0), { withinMs: 250 }).catch(() => undefined);
  }
  await drained(queue.queue);
  return members;
}
