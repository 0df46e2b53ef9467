/** A metric, as OpenTelemetry describes it. */
export interface Instrument {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly unit: string;
  readonly description: string;
}

/** Bounds of the buckets, in seconds: from a verification in memory to a handler that uploads a film. */
export const DURATION_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

/** All metrics, by name. Durations are in seconds, as OpenTelemetry's conventions ask for. */
export const INSTRUMENTS = {
  'messaging.process.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time from the arrival of a delivery to its response.',
  },
  'gemini.webhooks.deliveries': {
    kind: 'counter',
    unit: '{delivery}',
    description: 'Deliveries that were answered, also refused ones.',
  },
  'gemini.webhooks.handler.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Duration of one attempt of a handler.',
  },
  'gemini.webhooks.handler.retries': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts of handlers after the first.',
  },
  'gemini.webhooks.polls': { kind: 'counter', unit: '{poll}', description: 'Requests for the state of a Gemini job.' },
  'gemini.webhooks.missed_webhooks': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events found by polling although the job has a webhook.',
  },
  'gemini.webhooks.inbox.oldest_age': {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest event that is not handled yet.',
  },
  'gemini.webhooks.inbox.failed_events': {
    kind: 'gauge',
    unit: '{event}',
    description: 'Failed events that wait for a replay or a discard.',
  },
  'gemini.webhooks.key_set.age': {
    kind: 'gauge',
    unit: 's',
    description: "Time since Google's keys were fetched.",
  },
} as const satisfies Readonly<Record<string, Instrument>>;

export type MetricName = keyof typeof INSTRUMENTS;
export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;
export type GaugeName = NamesOf<'gauge'>;

type NamesOf<Kind extends Instrument['kind']> = {
  [Name in MetricName]: (typeof INSTRUMENTS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
