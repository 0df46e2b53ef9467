/** What becomes of a delivery: the answer, and the methods that run. */
export interface Outcome {
  readonly status: number;
  /** `processed`, `duplicate`, or the code of a refusal. */
  readonly word: string;
  readonly handlers: readonly string[];
}

/** A delivery that has been answered. */
export interface Result {
  readonly name: string;
  readonly expected: Outcome;
  readonly got: Outcome;
}

export function asExpected({ expected, got }: Result): boolean {
  return describe(expected) === describe(got);
}

/** In words. Handlers run side by side, so their order says nothing. */
export function describe({ status, word, handlers }: Outcome): string {
  return `${status} ${word}, ${handlers.toSorted().join(' + ') || 'no method'}`;
}
