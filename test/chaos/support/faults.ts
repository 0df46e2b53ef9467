/** What happened to a process, so that handlers that it ran may run again. */
export interface Trouble {
  readonly what: 'killed' | 'frozen' | 'skewed';
  readonly pid: number;
}

/** A fault that ends by itself. `turn` counts the faults so far. */
export interface Fault<Surroundings> {
  readonly name: string;
  readonly happen: (surroundings: Surroundings, turn: number) => Promise<Trouble | void>;
}

/** Returns the fault with what it happens to, except for the processes. */
export function happeningTo<Surroundings, Fleet>(
  surroundings: Surroundings,
  { name, happen }: Fault<Surroundings>,
): Fault<Fleet> {
  return { name, happen: (_fleet, turn) => happen(surroundings, turn) };
}
