import { GoogleGenAI } from '@google/genai';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import {
  GeminiEventBus,
  GeminiJobs,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiEventOf,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';
import { filter, from, lastValueFrom, type Observable } from 'rxjs';
import type { Take } from '../long-video/film.service.js';
import { Faults } from './faults.js';
import { FilmProgress } from './film.js';
import type { BatchDetails } from './page-api.js';
import { Runs } from './runs.js';

const ROWS_SHOWN = 8;
const ROWS_BETWEEN_UPDATES = 500;

/** Handlers of the page's own, beside those of the workflows: they record the events and results of each run. */
@Injectable()
export class RunHandlers {
  constructor(
    private readonly runs: Runs,
    private readonly jobs: GeminiJobs,
    private readonly ai: GoogleGenAI,
    private readonly faults: Faults,
    bus: GeminiEventBus,
  ) {
    bus.failures$.pipe(filter(({ final }) => final)).subscribe(({ event, handler, error }) => {
      const run = runOf(event);
      if (run !== undefined) void runs.setStatus(run, 'failed', `${handler} failed: ${messageOf(error)}`);
    });
  }

  @OnGeminiEvent('*')
  async record(event: GeminiEvent): Promise<void> {
    const run = runOf(event);
    if (run === undefined) return;
    const { strategy, key: eventKey } = event.delivery;
    const scheme = strategy === 'reconciled' ? 'polled' : strategy === 'hmac' ? 'v1' : 'v1a';
    await this.runs.addEntry(run, { kind: 'event', text: event.type, scheme, eventKey });
    // Gemini sends no webhooks for videos: polling is their normal way, not a lost delivery.
    if (scheme !== 'polled' || event.type.startsWith('video.')) return;
    const current = this.faults.current$.value;
    const fault = current === 'delay' || current === 'lose' || !this.faults.isSimulated ? (current ?? 'lose') : null;
    const came = { outcome: 'polled', status: null, code: null, scheme, event: event.type } as const;
    await this.runs.addDelivery({ ...came, run, fault, eventKey });
  }

  @OnGeminiEvent('batch.succeeded')
  async readResults(event: GeminiEventOf<'batch.succeeded'>, { signal }: GeminiHandlerContext): Promise<void> {
    const run = runOf(event);
    if (run === undefined) return;
    const rows: BatchDetails['rows'][number][] = [];
    const count = { good: 0, failed: 0 };
    for await (const { key = '', response, error } of this.jobs.batchResults(event, { signal })) {
      count[error ? 'failed' : 'good'] += 1;
      if (rows.length < ROWS_SHOWN) rows.push({ key, text: response?.text ?? null, error: error?.message ?? null });
      if ((count.good + count.failed) % ROWS_BETWEEN_UPDATES === 0) await this.runs.addDetails(run, { ...count, rows });
    }
    await this.runs.addDetails<'batch'>(run, { ...count, rows });
    await this.runs.setStatus(run, 'succeeded');
  }

  @OnGeminiEvent('interaction.completed')
  async readAnswer(event: GeminiEventOf<'interaction.completed'>): Promise<void> {
    const run = runOf(event);
    if (run === undefined || !event.resource) return;
    const { name } = event.resource;
    const { output_text: text = '' } = await this.ai.interactions.get(name);
    if (event.userMetadata['step'] === 'plan') {
      await this.runs.addDetails<'research'>(run, { plan: text, planId: name });
      if (await this.runs.setStatus(run, 'waiting')) {
        await this.runs.addEntry(run, { kind: 'note', text: 'A person is asked to approve the plan.' });
      }
    } else {
      await this.runs.addDetails<'research'>(run, { report: text });
      await this.runs.setStatus(run, 'succeeded');
    }
  }

  @OnGeminiEvent([
    'batch.failed',
    'batch.expired',
    'batch.cancelled',
    'batch.lost',
    'interaction.failed',
    'interaction.cancelled',
    'interaction.incomplete',
    'interaction.lost',
  ])
  async fail(event: GeminiEvent): Promise<void> {
    const run = runOf(event);
    if (run !== undefined) await this.runs.setStatus(run, 'failed', `${event.type}: ${reasonOf(event)}`);
  }
}

/** Records each attempt of a workflow's handlers, and what a film's handlers have done. */
@Injectable()
export class RecordingInterceptor implements NestInterceptor {
  constructor(
    private readonly runs: Runs,
    private readonly films: FilmProgress,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.run(...context.getArgs<[GeminiEvent, GeminiHandlerContext]>(), next));
  }

  private async run(event: GeminiEvent, { handler, attempt }: GeminiHandlerContext, next: CallHandler): Promise<void> {
    const run = runOf(event);
    const startedAt = performance.now();
    const record = async (kind: 'handled' | 'failed', text: string) => {
      const durationMs = Math.round(performance.now() - startedAt);
      if (run !== undefined) await this.runs.addEntry(run, { kind, text, handler, attempt, durationMs });
    };
    try {
      await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await record('failed', messageOf(error));
      throw error;
    }
    await record('handled', event.type);
    if (event.type.startsWith('video.')) await this.films.handled(event);
  }
}

/** @returns the run that an event belongs to */
export function runOf({ userMetadata }: GeminiEvent): string | undefined {
  const { run } = userMetadata as Partial<Take>;
  return typeof run === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(run) ? run : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function reasonOf({ data }: GeminiEvent): string {
  const { reason, error_message: message } = data as { readonly reason?: unknown; readonly error_message?: unknown };
  return String(message ?? reason ?? 'no reason given');
}
