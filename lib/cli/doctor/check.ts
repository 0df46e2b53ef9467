/** What one look has found. */
export interface Check {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What was seen. */
  readonly found: string;
  /** What to do; `''` when nothing is. */
  readonly todo: string;
}

export function passed(name: string, found: string): Check {
  return { name, state: 'passed', found, todo: '' };
}

export function failed(name: string, found: string, todo: string): Check {
  return { name, state: 'failed', found, todo };
}

/** @param todo what makes it possible */
export function skipped(name: string, found: string, todo = ''): Check {
  return { name, state: 'skipped', found, todo };
}
