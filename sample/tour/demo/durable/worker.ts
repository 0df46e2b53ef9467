import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GeminiEventBus } from 'nestjs-gemini-webhooks';
import { AppModule } from '../../app.module.js';
import type { WorkerMessage } from './worker-messages.js';

/** The app's log, for the demo to print. */
const logger: LoggerService = {
  log: (message: unknown, ...rest: unknown[]) =>
    tell({ kind: 'log', message: String(message), context: contextOf(rest) }),
  error: (message: unknown, ...rest: unknown[]) =>
    tell({ kind: 'error', message: String(message), context: contextOf(rest) }),
  // The receiving process has the same settings, and warns of them.
  warn: () => undefined,
};

// The same module as the receiving process has, without a server: it handles and does not receive.
const app = await NestFactory.createApplicationContext(AppModule, { logger, abortOnError: false });
app.get(GeminiEventBus).failures$.subscribe(({ handler }) => tell({ kind: 'failed', handler }));
process.on('message', () => tell({ kind: 'flushed' }));
// Waits for what runs when it is asked to end, but not when the demo was killed.
app.enableShutdownHooks();
process.on('disconnect', () => process.exit());
tell({ kind: 'up' });

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}

/** Nest's `Logger` puts the context last. */
function contextOf(rest: readonly unknown[]): string {
  return String(rest.at(-1) ?? '');
}
