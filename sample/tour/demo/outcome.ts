/** What becomes of a scene: the answers, the methods that run, and what it takes besides. */
export interface Outcome {
  /** To each delivery: `200 processed`, or the status and code of a refusal. */
  readonly answers: readonly string[];
  readonly handlers: readonly string[];
  /** Whether `completed()` of the job resolved, where the app waits for one. */
  readonly completed?: boolean;
  /**
   * How often Gemini was asked about a job.
   * @default 0
   */
  readonly lookups?: number;
}

/** A scene that has been played. */
export interface Result {
  readonly name: string;
  readonly expected: Outcome;
  readonly got: Outcome;
}

export function asExpected({ expected, got }: Result): boolean {
  return describe(expected) === describe(got);
}

/** In words. Deliveries and handlers of one scene run side by side, so their order says nothing. */
export function describe({ answers, handlers, ...rest }: Outcome): string {
  return [inWords(answers, 'no delivery'), inWords(handlers, 'no method'), ...besides(rest)].join(', ');
}

/** The same, with the methods counted. */
export function inShort({ answers, handlers, ...rest }: Outcome): string {
  const { size } = new Set(handlers);
  const methods = size === 1 ? '1 method' : `${size || 'no'} methods`;
  const runs = handlers.length > size ? [`${handlers.length} runs`] : [];
  return [inWords(answers, 'no delivery'), methods, ...runs, ...besides(rest)].join(', ');
}

function inWords(what: readonly string[], none: string): string {
  return what.toSorted().join(' + ') || none;
}

function besides({ completed, lookups = 0 }: Pick<Outcome, 'completed' | 'lookups'>): string[] {
  return [
    ...(completed === undefined ? [] : [completed ? 'completed()' : 'not completed()']),
    ...(lookups === 0 ? [] : [lookups === 1 ? '1 look-up' : `${lookups} look-ups`]),
  ];
}
