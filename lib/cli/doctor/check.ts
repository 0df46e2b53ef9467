/** Result of one check. */
export interface Check {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What was observed, or why the check was skipped. */
  readonly found: string;
  /** What to do; `''` if nothing. */
  readonly todo: string;
}

/** Reason to skip a check that needs a response of the app. */
export const NO_RESPONSE = 'the app did not respond';

export function passed(name: string, found: string): Check {
  return { name, state: 'passed', found, todo: '' };
}

export function failed(name: string, found: string, todo: string): Check {
  // An error message may end in a full stop, and `todo` follows after one.
  return { name, state: 'failed', found: found.replace(/\.$/, ''), todo };
}

/** @param todo makes the check possible */
export function skipped(name: string, found: string, todo = ''): Check {
  return { name, state: 'skipped', found, todo };
}

/** Returns the counts, and for each reason the checks that were skipped for it, with how to make them. */
export function summaryOf(checks: readonly Check[]): readonly string[] {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const reasons = new Map<string, string[]>();
  for (const { name, state, found, todo } of checks) {
    if (state !== 'skipped') continue;
    const reason = todo === '' ? `${found}.` : `${found}. ${todo}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  }
  const counts = `${count('passed')} passed, ${count('failed')} failed`;
  if (reasons.size === 0) return [`${counts}.`];
  return [
    `${counts}, ${count('skipped')} not checked:`,
    ...[...reasons].map(([reason, names]) => `  ${names.join(', ')}: ${reason}`),
  ];
}
