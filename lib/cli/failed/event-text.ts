import type { FailedDeliveries } from '../../bullmq/deliveries/failed-deliveries.js';
import { printable, table } from '../table.js';

type FailedEvent = Awaited<ReturnType<FailedDeliveries['list']>>[number];

/** Formats failed events as a table, whose reasons are cut to the terminal's width. */
export function failedTable(events: readonly FailedEvent[], columns?: number): string {
  return table(
    ['id', 'type', 'failed at', 'attempts', 'failed handlers', 'reason'],
    events.map((event) => [
      event.id,
      event.type,
      timeText(event.failedAt),
      String(event.attempts),
      failedHandlers(event).join(' '),
      oneLine(event.reason),
    ]),
    columns,
  );
}

/** Returns a failed event as JSON for programs, without its data. */
export function failedJson(failed: FailedEvent): object {
  const { id, type, failedAt, attempts, reason, handlers, unfinished, event } = failed;
  return { id, type, failedAt, attempts, reason, handlers, unfinished, resource: event?.resource ?? null };
}

/** Returns a failed event as JSON for programs, with the event as handlers receive it. */
export function failedDetailsJson(failed: FailedEvent): object {
  const { resource: _resource, ...others } = failedJson(failed) as { readonly resource: unknown };
  return { ...others, event: failed.event ?? null };
}

/** Formats all of a failed event. */
export function failedDetails(failed: FailedEvent): string {
  const { id, type, failedAt, attempts, reason, handlers, unfinished, event } = failed;
  const lines: (readonly [label: string, value: string])[] = [
    ['id', id],
    ['type', type],
    ['failed at', timeText(failedAt)],
    ['attempts', String(attempts)],
    ['reason', oneLine(reason)],
    ...Object.entries(handlers).map(([name, outcome]) => ['handler', `${name}: ${outcome}`] as const),
    ...unfinished.map((name) => ['handler', `${name}: not completed`] as const),
  ];
  if (!event) return linesOf([...lines, ['event', 'stored by another version of this package, which can read it']]);
  const { resource, delivery } = event;
  if (resource) lines.push(['resource', resource.name]);
  lines.push(
    ['sent', `${event.timestamp} as ${delivery.sentType} ${event.version}`],
    ['delivery', `${delivery.id}, attempt of ${timeText(delivery.attemptedAt)}, verified by ${delivery.strategy}`],
    ['instance', delivery.registration],
    ['key', delivery.key],
    ...Object.entries(delivery.params).map(([name, value]) => ['parameter', `${name}=${value}`] as const),
  );
  const data = JSON.stringify(event.data, undefined, 2).split('\n').map(printable).join('\n');
  return `${linesOf(lines)}\ndata\n${data}`;
}

/** Names of the handlers that failed for good or have not completed. */
function failedHandlers({ handlers, unfinished }: FailedEvent): readonly string[] {
  return [...Object.keys(handlers).filter((name) => handlers[name] === 'failed'), ...unfinished];
}

function linesOf(lines: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, value]) => `${label.padEnd(width)}  ${printable(value)}`).join('\n');
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Without milliseconds. */
function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
