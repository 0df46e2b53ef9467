import { beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocksOf } from '../support/code-blocks.js';
import { Host } from './host.js';

interface SentryReport {
  /** Statuses of the deliveries. */
  readonly statuses: readonly number[];
  /** What must not leave the app, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What Sentry received. */
  readonly envelopes: readonly string[];
}

interface SentryEvent {
  readonly message?: string;
  readonly exception?: { readonly values: readonly { readonly value: string }[] };
  readonly tags?: object;
  readonly extra?: object;
  readonly breadcrumbs?: readonly { readonly message?: string }[];
}

describe('a Nest 11 app with @sentry/nestjs and the recipe of docs/observability.md', () => {
  let report: SentryReport;

  beforeAll(async () => {
    const host = await Host.install('observed');
    const blocks = codeBlocksOf('docs/observability.md').filter(({ heading }) => heading === 'Sentry');
    const [instrument = '', recipe = ''] = blocks.map(({ code }) => code);
    writeFileSync(join(host.directory, 'instrument.js'), instrument);
    writeFileSync(join(host.directory, 'recipe.js'), recipe);
    report = JSON.parse(await host.node('sentry-main.js')) as SentryReport;
  });

  it('reports the error of an event once, when it is given up', () => {
    const errors = eventsIn(report).filter(({ exception }) => exception);

    expect(report.statuses).toEqual([200, 200, 500, 200]);
    expect(errors.map(({ exception, tags, extra }) => [exception?.values[0]?.value, tags, extra])).toEqual([
      ['cannot publish one', { handler: 'Orders.publish', type: 'batch.succeeded' }, { id: 'msg_one', attempt: 1 }],
      ['cannot publish two', { handler: 'Orders.publish', type: 'video.generated' }, { id: 'msg_two', attempt: 1 }],
      ['cannot ship one', { handler: 'Orders.ship', type: 'batch.succeeded' }, { id: 'msg_one', attempt: 1 }],
      ['cannot ship two', { handler: 'Orders.ship', type: 'video.generated' }, { id: 'msg_two', attempt: 1 }],
      ['never', { handler: 'refunds', type: 'batch.failed' }, { id: 'msg_three', attempt: 2 }],
    ]);
  });

  it('keeps the tags and breadcrumbs of attempts apart that overlap, also of one event', () => {
    const captured = eventsIn(report).filter(({ message }) => message);

    expect(captured.map(({ message, tags, breadcrumbs }) => [message, tags, breadcrumbs?.map(messageOf)])).toEqual([
      ['publish one', { handler: 'Orders.publish', type: 'batch.succeeded' }, ['publish one']],
      ['publish two', { handler: 'Orders.publish', type: 'video.generated' }, ['publish two']],
      ['ship one', { handler: 'Orders.ship', type: 'batch.succeeded' }, ['ship one']],
      ['ship two', { handler: 'Orders.ship', type: 'video.generated' }, ['ship two']],
    ]);
  });

  it('shows the spans of this package in its traces', () => {
    expect(report.envelopes.join('\n')).toContain('"handle Orders.publish"');
  });

  it('sends no payload, secret or binding token', () => {
    const text = report.envelopes.join('\n');

    expect(text).toContain('gemini_binding=[Filtered]');
    expect(Object.keys(report.secrets)).toEqual(['signing', 'binding', 'payload', 'token']);
    expect(Object.entries(report.secrets).filter(([, value]) => text.includes(value))).toEqual([]);
  });
});

/** Errors and messages, sorted by their texts. */
function eventsIn({ envelopes }: SentryReport): readonly SentryEvent[] {
  const items = envelopes.flatMap((envelope) => {
    const lines = envelope.trimEnd().split('\n');
    return lines.slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
  });
  const events = items.filter((_item, index) => items[index - 1]?.['type'] === 'event') as SentryEvent[];
  const textOf = ({ message, exception }: SentryEvent) => message ?? exception?.values[0]?.value ?? '';
  return events.toSorted((one, other) => textOf(one).localeCompare(textOf(other)));
}

function messageOf({ message }: { readonly message?: string }): string | undefined {
  return message;
}
