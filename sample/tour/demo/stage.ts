import type { DynamicModule, INestApplication, OnApplicationShutdown, Type } from '@nestjs/common';
import { GeminiEventBus } from 'nestjs-gemini-webhooks';
import { map, type Observable } from 'rxjs';
import type { DemoLogger } from './demo-logger.js';
import { startFlakyPager } from './flaky-pager.js';
import type { Scene } from './scenes.js';

/** What differs from one kind of inbox to the other. */
export interface Stage {
  /** For the app's process, before it starts. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts what handles events beside the app, if anything. Gives the names of handlers that fail. */
  start(app: INestApplication, logger: DemoLogger): Promise<Observable<string>>;
  /** The tour as it goes with this inbox. */
  scenes(tour: readonly Scene[]): readonly Scene[];
  /** Resolves when nothing more happens to what the app has taken. */
  settled(): Promise<void>;
  /** The tour is over: what happens from now on is shown as it happens. */
  follow(): void;
  /** Ends and removes all that the stage has started and stored. */
  close(): Promise<void>;
}

/** Handlers run in the app, while Gemini waits. */
export async function inlineStage(): Promise<Stage> {
  return {
    environment: { GEMINI_WEBHOOK_INBOX_URL: '', PAGER_URL: await startFlakyPager(['down']) },
    start: async (app) => app.get(GeminiEventBus).failures$.pipe(map(({ handler }) => handler)),
    scenes: (tour) => tour,
    settled: async () => undefined,
    follow: () => undefined,
    close: async () => undefined,
  };
}

/** The module of an app with which the rest of the demo ends, whatever ends the app. */
export function stagedModule(appModule: Type, end: () => Promise<void>): DynamicModule {
  const ending: OnApplicationShutdown = { onApplicationShutdown: end };
  return { module: StagedModule, imports: [appModule], providers: [{ provide: 'STAGE', useValue: ending }] };
}

class StagedModule {}
